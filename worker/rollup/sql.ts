/**
 * The one place where rows become distributions: a choice of rows goes in, SQL that answers one histogram for
 * each (key, metric) comes out. Roll-ups and live queries run the same text, so they cannot disagree.
 *
 * D1 does the work. D1 allows 5 terms in a compound SELECT and 10 ms of CPU in the worker, hence json_each where
 * one would write UNION ALL, and JSON where one would fetch rows.
 */

import { type SQL, sql } from 'drizzle-orm'
import { PER_DOUBLING, ZERO } from '../../schema/histogram.ts'
import { type Metric, thresholds, VITALS, type Vital } from '../../schema/metrics.ts'
import { OUTCOMES } from '../../schema/pageview.ts'

/** Which rows of `pageviews AS p` are meant, and by what they are told apart. */
export interface Choice {
  /** Conditions on `p`; must fix p.site and bound p.hour, so that the primary key is sought. */
  where: SQL
  /** SQL of one value that is the same for samples of the same group: a JSON list, say. */
  key: SQL
}

/** The samples of page views: (key, metric, x, w, good, poor, outcome), one for each vital that a row has. */
export function vitalSamples({ where, key }: Choice, metrics: readonly Vital[]): SQL {
  const value = sql.join(
    VITALS.map(vital => sql.raw(`WHEN '${vital}' THEN p.${vital}`)),
    sql` `,
  )
  return sql`SELECT ${key} AS key, m.key AS metric, CASE m.key ${value} END AS x, p.weight AS w,
      m.value ->> 0 AS good, m.value ->> 1 AS poor, ${OK} AS outcome
    FROM pageviews AS p, json_each(${limits(metrics)}) AS m
    WHERE ${where} AND x IS NOT NULL`
}

/** The samples of API calls; `endpoint` may be used in `key` and `where` as `c.value ->> 0`. */
export function callSamples({ where, key }: Choice): SQL {
  const { good, poor } = thresholds('api')
  return sql`SELECT ${key} AS key, 'api' AS metric, c.value ->> 2 AS x, p.weight AS w,
      ${sql.raw(String(good))} AS good, ${sql.raw(String(poor))} AS poor, c.value ->> 3 AS outcome
    FROM pageviews AS p, json_each(p.calls) AS b, json_each(b.value) AS c
    WHERE ${where}`
}

/** SQL of an API call's endpoint, for a `Choice`. */
export const ENDPOINT = sql.raw('c.value ->> 0')

const outcome = (name: (typeof OUTCOMES)[number]) => sql.raw(String(OUTCOMES.indexOf(name)))
const OK = outcome('ok')

/**
 * The histograms of samples: rows (key, metric, histogram), the last a JSON `Histogram` with the weights of the
 * calls that failed (`http`, `network`) or were called off (`aborted`) beside it. What the page itself called off
 * says nothing of the endpoint, so an aborted call counts nowhere else.
 */
export function histograms(samples: SQL): SQL {
  return sql`SELECT key, metric, json_object(
      'n', sum(n) FILTER (WHERE answered), 's', sum(s) FILTER (WHERE answered),
      'q', sum(q) FILTER (WHERE answered), 'good', sum(good), 'poor', sum(poor),
      'http', sum(http), 'network', sum(network), 'aborted', sum(n) FILTER (WHERE NOT answered),
      'h', json_group_object(CAST(bucket AS TEXT), n) FILTER (WHERE answered)) AS histogram,
    sum(n) FILTER (WHERE answered) AS n
    FROM (
      SELECT key, metric, bucket, answered, sum(w) AS n, count(*) AS s, sum(w * w) AS q,
        sum(CASE WHEN answered AND x <= good THEN w ELSE 0 END) AS good,
        sum(CASE WHEN answered AND x > poor THEN w ELSE 0 END) AS poor,
        sum(CASE WHEN outcome = ${outcome('http')} THEN w ELSE 0 END) AS http,
        sum(CASE WHEN outcome = ${outcome('network')} THEN w ELSE 0 END) AS network
      FROM (SELECT *, outcome <> ${outcome('aborted')} AS answered, ${BUCKET} AS bucket FROM (${samples}))
      GROUP BY key, metric, answered, bucket)
    GROUP BY key, metric`
}

/** The bucket of `x`: `bucketOf` of schema/histogram in SQL. Both agree on every whole number to 600,000. */
const BUCKET = sql.raw(
  `CASE WHEN x < 1 THEN ${ZERO} ELSE CAST(ceil(log2(x) * ${PER_DOUBLING}) AS INTEGER) END`,
)

/** `{"lcp":[2500,4000],...}`: the metrics asked for, with their thresholds in grains. */
function limits(metrics: readonly Metric[]): string {
  return JSON.stringify(
    Object.fromEntries(
      metrics.map(metric => {
        const { good, poor } = thresholds(metric)
        return [metric, [good, poor]]
      }),
    ),
  )
}
