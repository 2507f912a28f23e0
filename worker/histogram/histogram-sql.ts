/**
 * The one place where rows become distributions, as SQL: a histogram for each group and metric. Roll-ups and questions
 * about hours that have none yet run the same text, so they cannot disagree.
 *
 * D1 does the work. D1 allows 5 terms in a compound SELECT and 10 ms of CPU in the worker, hence json_each where
 * one would write UNION ALL, and JSON where one would fetch rows.
 */

import { type SQL, sql } from 'drizzle-orm'
import { PER_DOUBLING, ZERO } from '../../schema/domain/histogram.ts'
import { thresholds, VITALS } from '../../schema/domain/metrics.ts'
import { isTagKey, tagOf } from '../../schema/domain/tag.ts'
import type { OneIn } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { FAILURES, OUTCOMES } from '../../schema/wire/pageview.ts'
import { named, texts } from '../store/names.ts'
import type { Key, ViewColumn } from './dimensions.ts'
import { isNumber, itemOf, sound, unpacked } from './safe-json.ts'

/** Which page views are read, and how many each one stands for. */
export interface Selection {
  /** Conditions on `p`; must fix p.site and bound p.hour, so that the primary key is sought. */
  where: SQL
  /** One page view in so many is read, so each counts so many times its weight; 1: all are read. */
  oneIn: OneIn
}

/** The same, told apart by groups. */
export interface GroupedSelection extends Selection {
  /** Tables beside `pageviews AS p` that `by` and `where` use, with their leading comma or JOIN. */
  from?: SQL
  /** What makes each sample several times. It comes last, so that what is no sample is not made at all. */
  each?: SQL
  /** The groups: column name -> SQL. */
  by: Readonly<Record<string, SQL>>
}

const p = named(pageviews, 'p')
const COLUMN = texts(pageviews, 'p')
const EMPTY = sql.raw('')
const number = (value: number) => sql.raw(String(value))
const outcome = (name: (typeof OUTCOMES)[number]) => number(OUTCOMES.indexOf(name))

/** SQL of what a group key stands for, in a row `p` and, for calls and marks, one of these `c`. */
export function keySql(key: Key): SQL {
  if (isTagKey(key)) return sql.raw(`(${sound(COLUMN.tags)} ->> '${tagOf(key)}')`)
  return key === 'endpoint' || key === 'mark' ? sql.raw(itemOf(0)) : p[key]
}

/**
 * Page views as histograms: the groups, and a JSON `Histogram` in a column for each of `metrics`, NULL where none was measured;
 * of the page views themselves `{n, s, q}`.
 *
 * D1 bills each row that is unpacked or sorted, and nothing for what aggregates and functions do. So page views are sorted once
 * for all metrics, and buckets are counted in a text that has a letter for each sample. LCP of three page views of weight 2:
 *
 *     letters   buckets      h
 *     śǵś       [91, 245]    {"91": 4, "245": 2}
 *
 * - `alike` are page views of one group and one weight: in most hours all of the group.
 * - `weighed` are their histograms, and `together` the group's, as a list.
 */
export function viewHistograms(
  { from = EMPTY, each = EMPTY, where, by, oneIn }: GroupedSelection,
  metrics: readonly ViewColumn[],
): SQL {
  const groups = sql.raw(Object.keys(by).join(', '))
  const measured = metrics.filter(metric => metric !== 'views')
  const text = (of: (metric: (typeof measured)[number]) => string) => sql.raw(measured.map(of).join(''))
  const some = metrics.includes('views')
    ? 'true'
    : `coalesce(${measured.map(m => COLUMN[m])}, NULL) IS NOT NULL`
  const samples = sql`SELECT ${columns(by)}, ${weight(oneIn)} AS w${text(m => `, ${COLUMN[m]} AS ${m}`)}
    FROM ${p.table} ${from} ${each} WHERE ${where} AND ${sql.raw(some)}`
  const alike = sql`SELECT ${groups}, w, count(*) AS s${text(lettered)} FROM (${samples})
    GROUP BY ${groups}, w ORDER BY ${groups}, w`
  const weighed = sql`SELECT *${text(m => `, ${countedLetters(m)} AS ${m}_h`)} FROM (${alike})`
  const together = sql`SELECT ${groups}, ${sql.raw(weighing('s'))}${text(
    m => `, ${weighing(`${m}_s`, `${m}_`)}, sum(w * ${m}_good) AS ${m}_good, sum(w * ${m}_poor) AS ${m}_poor,
      group_concat(${m}_h) AS ${m}_h, count(nullif(${m}_s, 0)) AS ${m}_parts`,
  )} FROM (${weighed}) GROUP BY ${groups}`
  return sql`SELECT ${groups}${sql.raw(metrics.map(m => `, ${histogramOf(m)} AS ${m}`).join(''))} FROM (${together})`
}

/** Page views of one weight that have a metric: how many, how many good and poor, a letter for each, and the buckets. */
function lettered(metric: Exclude<ViewColumn, 'views'>): string {
  const [good, poor] = limitsOf(metric)
  const has = `FILTER (WHERE ${metric} IS NOT NULL)`
  const bucket = bucketSql(metric)
  return `, count(${metric}) AS ${metric}_s, count(*) FILTER (WHERE ${metric} <= ${good}) AS ${metric}_good,
    count(*) FILTER (WHERE ${metric} > ${poor}) AS ${metric}_poor,
    group_concat(${letter(bucket)}, '') ${has} AS ${metric}_letters, json_group_array(DISTINCT ${bucket}) ${has} AS ${metric}_buckets`
}

/** The letter of a bucket: all have two bytes, and none is a surrogate. */
function letter(bucket: string): string {
  return `char(${bucket} + 256)`
}

/** `{"91":4,"245":2}`: each bucket with the weight of its letters; NULL where there are none. */
function countedLetters(metric: ViewColumn): string {
  const others = `replace(${metric}_letters, ${letter('b.value')}, '')`
  return `CASE WHEN ${metric}_s THEN (
    SELECT json_group_object(CAST(b.value AS TEXT), w * (length(${metric}_letters) - length(${others})))
    FROM json_each(${metric}_buckets) AS b) END`
}

/** The fields of a histogram that only know numbers and weights. */
function weighing(samples: string, prefix = ''): string {
  return `sum(w * ${samples}) AS ${prefix}n, sum(${samples}) AS ${prefix}s, sum(CAST(w AS REAL) * w * ${samples}) AS ${prefix}q`
}

/** A metric's histogram; buckets are added up only where page views of several weights came together. */
function histogramOf(metric: ViewColumn): string {
  if (metric === 'views') return `json_object('n', n, 's', s, 'q', q)`
  const fields = ['n', 's', 'q', 'good', 'poor'].map(name => `'${name}', ${metric}_${name}`).join(', ')
  return `CASE WHEN ${metric}_parts THEN json_object(${fields}, 'h', json(CASE ${metric}_parts WHEN 1 THEN ${metric}_h ELSE (
    SELECT json_group_object(bucket, n) FROM (
      SELECT b.key AS bucket, sum(b.value) AS n
      FROM json_each('[' || ${metric}_h || ']') AS part CROSS JOIN json_each(part.value) AS b GROUP BY b.key)) END)) END`
}

/**
 * The same as samples, for groups of any kind, which may be as many as page views: one for each vital that a row has, one for its errors, and one for itself: the groups and (metric, x, w, good,
 * poor, outcome).
 */
export function viewSamples(
  { from = EMPTY, each = EMPTY, where, by, oneIn }: GroupedSelection,
  metrics: readonly ViewColumn[],
): SQL {
  const value = ([...VITALS, 'errors'] as const).map(
    name => sql`WHEN ${sql.raw(`'${name}'`)} THEN ${p[name]}`,
  )
  return sql`SELECT ${columns(by)}, m.key AS metric, CASE m.key ${sql.join(value, sql` `)} WHEN 'views' THEN 0 END AS x,
      ${weight(oneIn)} AS w, m.value ->> 0 AS good, m.value ->> 1 AS poor, ${outcome('ok')} AS outcome
    FROM ${p.table} ${from} CROSS JOIN json_each(${limits(metrics)}) AS m ${each}
    WHERE ${where} AND x IS NOT NULL`
}

/** The samples of API calls; `page` is the page view of each, which left out `dropped` more. */
export function callSamples({ from = EMPTY, each = EMPTY, where, by, oneIn }: GroupedSelection): SQL {
  const { good, poor } = thresholds('api')
  return sql`SELECT ${columns(by)}, 'api' AS metric, ${sql.raw(itemOf(2))} AS x, ${weight(oneIn)} AS w,
      ${number(good)} AS good, ${number(poor)} AS poor, ${sql.raw(itemOf(3))} AS outcome, ${p.id} AS page, ${p.dropped} AS dropped
    FROM ${CALLS} ${from} ${each}
    WHERE ${where} AND ${isNumber('x')} AND ${isNumber('outcome')} AND typeof(${sql.raw(itemOf(0))}) = 'text'`
}

/** Every call `c` of the page views `p`. */
export const CALLS = unpacked('calls')
/** Every mark `c` of the page views `p`. */
export const MARKS = unpacked('marks')

/** The samples of marks. What has no thresholds is neither good nor poor. */
export function markSamples({ from = EMPTY, each = EMPTY, where, by, oneIn }: GroupedSelection): SQL {
  return sql`SELECT ${columns(by)}, ${unrated(itemOf(1), oneIn)}, ${p.id} AS page, 0 AS dropped FROM ${MARKS} ${from} ${each}
    WHERE ${where} AND ${isNumber('x')}`
}

/** The samples of one number of a list: a load phase, by its place in `PHASES`, or blocking time, by its in `BLOCKING`. */
export function listSamples(
  { from = EMPTY, where, by, oneIn }: GroupedSelection,
  column: 'phases' | 'blocking',
  index: number,
): SQL {
  return sql`SELECT ${columns(by)}, ${unrated(`(${sound(COLUMN[column])} ->> ${index})`, oneIn)} FROM ${p.table} ${from}
    WHERE ${where} AND ${isNumber('x')}`
}

const unrated = (value: string, oneIn: OneIn) =>
  sql`'measure' AS metric, ${sql.raw(value)} AS x, ${weight(oneIn)} AS w, NULL AS good, NULL AS poor,
    ${outcome('ok')} AS outcome`
const weight = (oneIn: OneIn) => (oneIn > 1 ? sql`${p.weight} * ${number(oneIn)}` : p.weight)

/**
 * The histograms of samples: the groups and (metric, histogram, n), the second a JSON `Histogram`. Those of calls
 * carry the weights of calls that failed (`FAILURES`) or were called off (`aborted`). What the page itself
 * called off says nothing of the endpoint, so an aborted call counts nowhere else. `omitted` are the calls that page views
 * with an answered one left out: whose they were is not known, so each group of a page view counts them, and once.
 *
 * A page view has many calls and marks, which are alike, since they share a device and a network. So their histograms
 * carry the pairs of one page view, too (`Histogram.c`), from which the interval learns how alike they are.
 */
export function histograms(samples: SQL, by: readonly string[], kind: 'views' | 'calls' | 'marks'): SQL {
  const groups = sql.raw([...by, 'metric'].join(', '))
  const answered = sql`FILTER (WHERE answered)`
  const failures =
    kind === 'calls'
      ? sql`${failed(name => `, '${name}', sum(${name})`)}, 'aborted', coalesce(sum(n) FILTER (WHERE NOT answered), 0),
          'omitted', sum(omitted)`
      : EMPTY
  const clustered = kind !== 'views'
  const pairs = clustered
    ? sql`, 'c', json_group_object(CAST(bucket AS TEXT), json_array(pairs, partners)) FILTER (WHERE answered AND partners)`
    : EMPTY
  const single = sql`SELECT *, outcome <> ${outcome('aborted')} AS answered, ${BUCKET} AS bucket FROM (${samples})`
  return sql`SELECT ${groups}, json_object(
      'n', coalesce(sum(n) ${answered}, 0), 's', coalesce(sum(s) ${answered}, 0),
      'q', coalesce(sum(q) ${answered}, 0), 'good', sum(good), 'poor', sum(poor)${failures},
      'h', json_group_object(CAST(bucket AS TEXT), n) ${answered}${pairs}) AS histogram,
      coalesce(sum(n) ${answered}, 0) AS n
    FROM (${counts(groups, clustered ? paired(groups, single) : single, clustered)})
    GROUP BY ${groups}`
}

/** Samples by bucket: how many there are, what they weigh, how they ended, and what `paired` says of them. */
function counts(groups: SQL, samples: SQL, clustered: boolean): SQL {
  const pairs = clustered
    ? sql`, sum(2 * place * CAST(w AS REAL) * w) AS pairs, sum((size - 1) * CAST(w AS REAL) * w) AS partners,
        sum(CASE WHEN place = 0 AND answered THEN w * dropped ELSE 0 END) AS omitted`
    : EMPTY
  // Squares are summed as REAL: a sum of integers beyond 2^63 is an error in SQLite, and weights are claimed by clients.
  return sql`SELECT ${groups}, answered, bucket, sum(w) AS n, count(*) AS s, sum(CAST(w AS REAL) * w) AS q,
      sum(CASE WHEN answered AND x <= good THEN w ELSE 0 END) AS good,
      sum(CASE WHEN answered AND x > poor THEN w ELSE 0 END) AS poor${failed(
        name => `, sum(CASE WHEN outcome = ${OUTCOMES.indexOf(name)} THEN w ELSE 0 END) AS ${name}`,
      )}${pairs}
    FROM (${samples}) GROUP BY ${groups}, answered, bucket ORDER BY ${groups}, answered, bucket`
}

/**
 * Samples with their place among those of their group and page view, from 0, and how many these are: so each pair is
 * counted where its larger sample lies. By lists, since D1 counts two rows a sample for them and seven for two windows.
 * A list is in the order of what it is made from, and a sample that is alone needs none.
 */
function paired(groups: SQL, samples: SQL): SQL {
  return sql`SELECT lists.*, coalesce(v.key, 0) AS place, coalesce(v.value ->> 0, only_bucket) AS bucket,
      coalesce(v.value ->> 1, only_x) AS x, coalesce(v.value ->> 2, only_outcome) AS outcome
    FROM (
      SELECT ${groups}, page, answered, max(w) AS w, max(good) AS good, max(poor) AS poor, max(dropped) AS dropped, count(*) AS size,
        max(bucket) AS only_bucket, max(x) AS only_x, max(outcome) AS only_outcome,
        json_group_array(json_array(bucket, x, outcome)) AS list
      FROM (SELECT * FROM (${samples}) ORDER BY ${groups}, page, answered, bucket) GROUP BY ${groups}, page, answered) AS lists
    LEFT JOIN json_each(iif(size > 1, lists.list, NULL)) AS v`
}

/** The same text for each outcome that is a failure. */
function failed(text: (name: (typeof FAILURES)[number]) => string): SQL {
  return sql.raw(FAILURES.map(text).join(''))
}

/** The bucket of a value: `bucketOf` of schema/domain/histogram in SQL. Both agree on every whole number to 600,000. */
function bucketSql(x: string): string {
  return `CASE WHEN ${x} < 1 THEN ${ZERO} ELSE CAST(ceil(log2(${x}) * ${PER_DOUBLING}) AS INTEGER) END`
}
const BUCKET = sql.raw(bucketSql('x'))

/**
 * One column for each metric of some histograms, to be grouped by what they are of. Of page views only their number is
 * kept: `{n, s, q}`, and what a day notes of it. Several of one metric come one after the other by `group_concat`.
 */
export function pivoted(columns: readonly string[], taking: 'max' | 'group_concat' = 'max'): SQL {
  const number = `json_remove(histogram, '$.h', '$.good', '$.poor')`
  return sql.raw(
    columns
      .map(
        name =>
          `${taking}(CASE metric WHEN '${name}' THEN ${name === 'views' ? number : 'histogram'} END) AS ${name}`,
      )
      .join(', '),
  )
}

function columns(by: GroupedSelection['by']): SQL {
  return sql.join(
    Object.entries(by).map(([name, value]) => sql`${value} AS ${sql.raw(name)}`),
    sql`, `,
  )
}

/** `{"lcp":[2500,4000],...}`: the columns asked for, with their thresholds in grains. */
function limits(columns: readonly ViewColumn[]): string {
  return JSON.stringify(Object.fromEntries(columns.map(column => [column, limitsOf(column)])))
}

function limitsOf(column: ViewColumn): readonly [good: number | null, poor: number | null] {
  if (column === 'views') return [null, null]
  // Good is a page view without an error.
  if (column === 'errors') return [0, 0]
  const { good, poor } = thresholds(column)
  return [good, poor]
}
