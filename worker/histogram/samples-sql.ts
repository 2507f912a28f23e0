/**
 * Page views, calls and marks as samples, in SQL: what is measured, its weight, the thresholds that judge it, and the groups that it
 * belongs to.
 */

import { type SQL, sql } from 'drizzle-orm'
import { thresholds } from '../../schema/domain/metrics.ts'
import { isTagKey, tagOf } from '../../schema/domain/tag.ts'
import type { OneIn } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { OUTCOMES } from '../../schema/wire/pageview.ts'
import { NO_SQL, named, texts } from '../store/names.ts'
import { BELIEVED } from './believed.ts'
import type { Key, ViewColumn } from './dimensions.ts'
import { isNumber, itemOf, sound, unpacked } from './safe-json.ts'

/** Which page views are read, and how many each one stands for. */
export interface Selection {
  /** The page views `p`, after the hours that they are sought by if there are such. */
  from: SQL
  /** Conditions on `p`; must fix p.site and bound p.hour, so that the primary key is sought. */
  where: SQL
  /** One page view in so many is read, so each counts so many times its weight; 1: all are read. */
  oneIn: OneIn
}

/** The same, told apart by groups. */
export interface GroupedSelection extends Selection {
  /** What makes each sample several times. It comes last, so that what is no sample is not made at all. */
  each?: SQL
  /** The groups: column name -> SQL. */
  by: Readonly<Record<string, SQL>>
}

const p = named(pageviews, 'p')
const COLUMN = texts(pageviews, 'p')

/** SQL of what a group key stands for, in a row `p` and, for calls and marks, one of these `c`. */
export function keySql(key: Key): SQL {
  if (isTagKey(key)) return sql.raw(`(${sound(COLUMN.tags)} ->> '${tagOf(key)}')`)
  return key === 'endpoint' || key === 'mark' ? sql.raw(itemOf(0)) : p[key]
}

/** The samples of API calls; `page` is the page view of each, which left out `dropped` more. */
export function callSamples({ from, each = NO_SQL, where, by, oneIn }: GroupedSelection): SQL {
  const { good, poor } = thresholds('api')
  return sql`SELECT ${groupColumns(by)}, 'api' AS metric, ${sql.raw(itemOf(2))} AS x, ${weight(oneIn)} AS w,
      ${number(good)} AS good, ${number(poor)} AS poor, ${sql.raw(itemOf(3))} AS outcome, ${p.id} AS page,
      min(${p.dropped}, ${number(BELIEVED.dropped)}) AS dropped
    FROM ${unpacked('calls', from)} ${each}
    WHERE ${where} AND ${isNumber('x')} AND ${isNumber('outcome')} AND typeof(${sql.raw(itemOf(0))}) = 'text'`
}

/** The samples of marks. What has no thresholds is neither good nor poor. */
export function markSamples({ from, each = NO_SQL, where, by, oneIn }: GroupedSelection): SQL {
  return sql`SELECT ${groupColumns(by)}, ${unrated(itemOf(1), oneIn)}, ${p.id} AS page, 0 AS dropped FROM ${unpacked('marks', from)} ${each}
    WHERE ${where} AND ${isNumber('x')}`
}

/** A sample of what has no thresholds. */
function unrated(value: string, oneIn: OneIn): SQL {
  return sql`'measure' AS metric, ${sql.raw(value)} AS x, ${weight(oneIn)} AS w, NULL AS good, NULL AS poor,
    ${outcome('ok')} AS outcome`
}

/** How many page views a row stands for. */
export function weight(oneIn: OneIn): SQL {
  return oneIn > 1 ? sql`${p.weight} * ${number(oneIn)}` : p.weight
}

/** The number by which an outcome is stored. */
export function outcome(name: (typeof OUTCOMES)[number]): SQL {
  return number(OUTCOMES.indexOf(name))
}

function number(value: number): SQL {
  return sql.raw(String(value))
}

/** The groups as columns: `d.value AS dimension, p.hour AS start`. */
export function groupColumns(by: GroupedSelection['by']): SQL {
  return sql.join(
    Object.entries(by).map(([name, value]) => sql`${value} AS ${sql.raw(name)}`),
    sql`, `,
  )
}

/** What is good, and what is poor, in grains. */
export function goodAndPoor(column: ViewColumn): readonly [good: number | null, poor: number | null] {
  if (column === 'views') return [null, null]
  // Good is a page view without an error.
  if (column === 'errors') return [0, 0]
  const { good, poor } = thresholds(column)
  return [good, poor]
}
