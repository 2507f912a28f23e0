/**
 * Samples as histograms, in SQL: one for each group and metric. Roll-ups and questions about hours that have none yet run the
 * same text, so they cannot disagree.
 *
 * D1 does the work. D1 allows 5 terms in a compound SELECT and 10 ms of CPU in the worker, hence json_each where
 * one would write UNION ALL, and JSON where one would fetch rows.
 */

import { type SQL, sql } from 'drizzle-orm'
import { FAILURES } from '../../schema/wire/pageview.ts'
import { NO_SQL } from '../store/names.ts'
import { CODE_BUCKET, HAS_FAILED, IS_GOOD, IS_POOR, isFailure } from './sample-code.ts'

/**
 * The histograms of samples: the groups, and a JSON `Histogram`. Those of calls
 * carry the weights of calls that failed (`FAILURES`) or were called off (`aborted`). What the page itself
 * called off says nothing of the endpoint, so an aborted call counts nowhere else. `omitted` are the calls that page views
 * with an answered one left out: whose they were is not known, so each group of a page view counts them, and once.
 * Calls of a page view fail together: `ff` are its failed ones times its failed ones, `mf` times all of them, both weigh w^2. The interval
 * of the share that failed is of these (query/failed).
 *
 * A page view has many calls and marks, which are alike, since they share a device and a network. So their histograms
 * carry the pairs of one page view, too (`Histogram.c`), from which the interval learns how alike they are.
 */
export function histograms(samples: SQL, by: readonly string[], kind: 'calls' | 'marks'): SQL {
  const groups = sql.raw(by.join(', '))
  const answered = sql`FILTER (WHERE answered)`
  const failures =
    kind === 'calls'
      ? sql`${failed(name => sql`, '${sql.raw(name)}', sum(${sql.raw(name)})`)}, 'aborted', coalesce(sum(n) FILTER (WHERE NOT answered), 0),
          'omitted', sum(omitted), 'ff', sum(ff), 'mf', sum(mf)`
      : NO_SQL
  return sql`SELECT ${groups}, json_remove(json_object(
      'n', coalesce(sum(n) ${answered}, 0), 's', coalesce(sum(s) ${answered}, 0),
      'q', coalesce(sum(q) ${answered}, 0), 'good', sum(good), 'poor', sum(poor)${failures},
      'v', json_group_object(CAST(bucket AS TEXT), CAST(q AS INTEGER)) ${answered},
      'h', json_group_object(CAST(bucket AS TEXT), n) ${answered},
      'c', json_group_object(CAST(bucket AS TEXT), json_array(pairs, partners)) FILTER (WHERE answered AND partners)),
      ${unlessMixed(`sum(n) FILTER (WHERE answered)`, `sum(s) FILTER (WHERE answered)`, `sum(q) FILTER (WHERE answered)`)}) AS histogram
    FROM (${counts(groups, paired(groups, samples))})
    GROUP BY ${groups}`
}

/** What is taken out of a histogram whose samples have one weight: their squares by bucket, which their weights tell. */
export function unlessMixed(n: string, s: string, q: string): SQL {
  return sql.raw(`iif(${s} * ${q} > (1 + 1e-9) * ${n} * ${n}, '$.none', '$.v')`)
}

/** Samples by bucket: how many there are, what they weigh, how they ended, and what `paired` says of them. */
function counts(groups: SQL, samples: SQL): SQL {
  const weighing = (condition: SQL) => sql`coalesce(sum(w) FILTER (WHERE ${condition}), 0)`
  // Squares are summed as REAL: a sum of integers beyond 2^63 is an error in SQLite, and weights are claimed by clients.
  return sql`SELECT ${groups}, answered, ${CODE_BUCKET} AS bucket, sum(w) AS n, count(*) AS s, sum(CAST(w AS REAL) * w) AS q,
      ${weighing(IS_GOOD)} AS good, ${weighing(IS_POOR)} AS poor${failed(name => sql`, ${weighing(isFailure(name))} AS ${sql.raw(name)}`)},
      sum(2 * place * CAST(w AS REAL) * w) AS pairs, sum((size - 1) * CAST(w AS REAL) * w) AS partners,
      sum(CASE WHEN place = 0 AND answered THEN w * dropped ELSE 0 END) AS omitted,
      ${together(sql`failed`)} AS ff, ${together(sql`size`)} AS mf
    FROM (${samples}) GROUP BY ${groups}, answered, bucket ORDER BY ${groups}, answered, bucket`
}

/** The failed samples of each group and page view times as many. */
function together(times: SQL): SQL {
  return sql`sum(CASE WHEN place = 0 AND answered THEN CAST(w AS REAL) * w * failed * ${times} ELSE 0 END)`
}

/**
 * Samples with their place among those of their group and page view, from 0, and how many these are: so each pair is
 * counted where its larger sample lies. By lists, since D1 counts two rows a sample for them and seven for two windows.
 * A list is in the order of what it is made from, and a sample that is alone needs none.
 */
function paired(groups: SQL, samples: SQL): SQL {
  return sql`SELECT lists.*, coalesce(v.key, 0) AS place, coalesce(v.value, only_code) AS code
    FROM (
      SELECT ${groups}, page, answered, max(w) AS w, max(dropped) AS dropped, count(*) AS size,
        sum(${HAS_FAILED}) AS failed, max(code) AS only_code, json_group_array(code) AS list
      FROM (SELECT * FROM (${samples}) ORDER BY ${groups}, page, answered, code) GROUP BY ${groups}, page, answered) AS lists
    LEFT JOIN json_each(iif(size > 1, lists.list, NULL)) AS v`
}

/** The same text for each outcome that is a failure. */
function failed(text: (name: (typeof FAILURES)[number]) => SQL): SQL {
  return sql.join(FAILURES.map(text))
}

/**
 * One column for each metric of some histograms, to be grouped by what they are of. Of page views only their number is
 * kept: `{n, s, q}`, and what a day notes of it.
 */
export function pivoted(columns: readonly string[]): SQL {
  const number = `json_remove(histogram, '$.h', '$.v', '$.good', '$.poor')`
  return sql.raw(
    columns
      .map(
        name =>
          `max(CASE metric WHEN '${name}' THEN ${name === 'views' ? number : 'histogram'} END) AS ${name}`,
      )
      .join(', '),
  )
}
