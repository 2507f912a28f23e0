/**
 * Page views as histograms, in SQL, for roll-ups and hours that have none yet. Calls, marks and groups of raw rows go by
 * worker/histogram/histogram-sql instead, which reads more rows and takes any groups.
 */

import { type SQL, sql } from 'drizzle-orm'
import { pageviews } from '../../schema/storage/tables.ts'
import { AND } from '../store/histogram-reader.ts'
import { NO_SQL, texts } from '../store/names.ts'
import type { ViewColumn } from './dimensions.ts'
import { bucketSql } from './sample-code.ts'
import { type GroupedSelection, goodAndPoor, groupColumns, weight } from './samples-sql.ts'

const COLUMN = texts(pageviews, 'p')

/**
 * The groups, and a JSON `Histogram` in a column for each of `metrics`, NULL where none was measured;
 * of the page views themselves `{n, s, q}`. Of page views of several weights the histograms are merged, for which D1 bills two rows
 * and more for each bucket, or they are left for the worker to add up.
 *
 * D1 bills each row that is unpacked or sorted, and nothing for what aggregates and functions do. So page views are sorted once
 * for all metrics, and buckets are counted in a text that has a letter for each sample: the first letter is taken out wherever it
 * is, then the first of the rest. LCP of three page views of weight 2:
 *
 *     letters   taken out   rest   h
 *     śǵś       ś, two      ǵ      {"91": 4}
 *               ǵ, one             {"91": 4, "245": 2}
 *
 * - `alike` are page views of one group and one weight: in most hours all of the group.
 * - `weighed` are their histograms, and `together` the group's, as a list.
 */
export function viewHistograms(
  { from, each = NO_SQL, where, by, oneIn }: GroupedSelection,
  metrics: readonly ViewColumn[],
  isMerged = true,
): SQL {
  const groups = sql.raw(Object.keys(by).join(', '))
  const measured = metrics.filter(metric => metric !== 'views')
  const text = (of: (metric: (typeof measured)[number]) => string) => sql.raw(measured.map(of).join(''))
  const some = metrics.includes('views')
    ? 'true'
    : `coalesce(${measured.map(m => COLUMN[m])}, NULL) IS NOT NULL`
  const samples = sql`SELECT ${groupColumns(by)}, ${weight(oneIn)} AS w${text(m => `, ${COLUMN[m]} AS ${m}`)}
    FROM ${from} ${each} WHERE ${where} AND ${sql.raw(some)}`
  const alike = sql`SELECT ${groups}, w, count(*) AS s${text(lettered)} FROM (${samples})
    GROUP BY ${groups}, w ORDER BY ${groups}, w`
  const weighed = sql`SELECT *${text(m => `, ${countedLetters(m)} AS ${m}_h`)} FROM (${alike})`
  if (!isMerged) return apart(groups, metrics, weighed)
  const together = sql`SELECT ${groups}, ${sql.raw(weightFields('s'))}${text(
    m => `, ${weightFields(`${m}_s`, `${m}_`)}, sum(w * ${m}_good) AS ${m}_good, sum(w * ${m}_poor) AS ${m}_poor,
      ${weighedLists(m)}`,
  )} FROM (${weighed}) GROUP BY ${groups}`
  return sql`SELECT ${groups}${sql.raw(metrics.map(m => `, ${asHistogram(m)} AS ${m}`).join(''))} FROM (${together})`
}

/** The histograms of each weight as a text, `{...}+{...}`, which the worker adds up as it reads it (store/histogram-reader). */
function apart(groups: SQL, metrics: readonly ViewColumn[], weighed: SQL): SQL {
  const texts = metrics.map(metric => {
    const samples = metric === 'views' ? 's' : `${metric}_s`
    const rated = ['good', 'poor'].map(name => `, '${name}', w * ${metric}_${name}`).join('')
    const rest = metric === 'views' ? '' : `${rated}, 'h', json(${metric}_h)`
    const own = `json_object('n', w * ${samples}, 's', ${samples}, 'q', CAST(w AS REAL) * w * ${samples}${rest})`
    return `, group_concat(CASE WHEN ${samples} THEN ${own} END, '${AND}') AS ${metric}`
  })
  return sql`SELECT ${groups}${sql.raw(texts.join(''))} FROM (${weighed}) GROUP BY ${groups}`
}

/** Page views of one weight that have a metric: a letter for each, how many they are, and how many good and poor. */
function lettered(metric: Exclude<ViewColumn, 'views'>): string {
  const [good, poor] = goodAndPoor(metric)
  const letters = `group_concat(char(${bucketSql(metric)} + ${FIRST_LETTER}), '') FILTER (WHERE ${metric} IS NOT NULL)`
  return `, ${letters} AS ${metric}_letters, coalesce(length(${letters}), 0) AS ${metric}_s,
    count(*) FILTER (WHERE ${metric} <= ${good}) AS ${metric}_good, count(*) FILTER (WHERE ${metric} > ${poor}) AS ${metric}_poor`
}

/** Added to a bucket, its letter: all have two bytes, and none is a surrogate. */
const FIRST_LETTER = 256

/**
 * `{"91":4,"245":2}`: each bucket with the weight of its letters; NULL where there are none. D1 bills a row for each letter that is
 * taken out, and twice as many where SQLite stores what was. It bills nothing for VALUES: so the few letters of a small group, which
 * most are, are looked at one by one, and counted where they come first.
 */
function countedLetters(metric: ViewColumn): string {
  const letters = `${metric}_letters`
  const taken = (from: string) =>
    `SELECT ${first(from)}, length(${from}), replace(${from}, ${first(from)}, '')`
  const here = `substr(${letters}, place.column1, 1)`
  const oneByOne = (places: string) =>
    `(SELECT json_group_object(${bucketOfLetter(here)}, w * (${metric}_s - length(replace(${letters}, ${here}, ''))))
      FROM ${places} WHERE place.column1 <= ${metric}_s AND instr(${letters}, ${here}) = place.column1)`
  return `CASE WHEN ${metric}_s = 0 THEN NULL
    WHEN ltrim(${letters}, ${first(letters)}) = '' THEN json_object(${bucketOfLetter(first(letters))}, w * ${metric}_s)
    ${FEW.map(({ few, places }) => `WHEN ${metric}_s <= ${few} THEN ${oneByOne(places)}`).join(' ')}
    ELSE (WITH RECURSIVE taken(letter, before, rest) AS NOT MATERIALIZED (
        ${taken(letters)} UNION ALL ${taken('rest')} FROM taken WHERE rest <> '')
      SELECT json_group_object(${bucketOfLetter('letter')}, w * (before - length(rest))) FROM taken) END`
}

/** The most letters of small groups, and all places that these may have. */
const FEW = [16, 128].map(few => ({
  few,
  places: `(VALUES ${Array.from({ length: few }, (_, i) => `(${i + 1})`).join(',')}) AS place`,
}))

function first(text: string): string {
  return `substr(${text}, 1, 1)`
}

function bucketOfLetter(letter: string): string {
  return `CAST(unicode(${letter}) - ${FIRST_LETTER} AS TEXT)`
}

/** The fields of a histogram that only know numbers and weights. */
function weightFields(samples: string, prefix = ''): string {
  return `sum(w * ${samples}) AS ${prefix}n, sum(${samples}) AS ${prefix}s, sum(CAST(w AS REAL) * w * ${samples}) AS ${prefix}q`
}

/** The histograms of a metric by weight, `[4,{"91":4}],[8,{"91":8,"245":8}]`, and how many there are. */
function weighedLists(metric: ViewColumn): string {
  return `group_concat('[' || w || ',' || ${metric}_h || ']') AS ${metric}_h, count(nullif(${metric}_s, 0)) AS ${metric}_parts`
}

/**
 * A metric's histogram; buckets are added up only where page views of several weights came together, and their squares with them. The
 * squares come before the buckets: who reads them knows then whether there are any.
 */
function asHistogram(metric: ViewColumn): string {
  if (metric === 'views') return `json_object('n', n, 's', s, 'q', q)`
  const fields = ['n', 's', 'q', 'good', 'poor'].map(name => `'${name}', ${metric}_${name}`).join(', ')
  return `CASE ${metric}_parts WHEN 0 THEN NULL WHEN 1 THEN json_object(${fields}, 'h', json(${metric}_h) -> 1) ELSE (
    SELECT json_object(${fields}, 'v', json_group_object(bucket, CAST(q AS INTEGER)), 'h', json_group_object(bucket, n)) FROM (
      SELECT b.key AS bucket, sum(b.value) AS n, sum(CAST(part.value ->> 0 AS REAL) * b.value) AS q
      FROM json_each('[' || ${metric}_h || ']') AS part CROSS JOIN json_each(part.value, '$[1]') AS b GROUP BY b.key)) END`
}
