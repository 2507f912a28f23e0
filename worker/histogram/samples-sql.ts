/**
 * Page views, calls and marks as samples, in SQL: what is measured, its weight, the thresholds that judge it, and the groups that it
 * belongs to.
 */

import { type SQL, sql } from 'drizzle-orm'
import { thresholds } from '../../schema/domain/metrics.ts'
import { isTagKey, tagOf } from '../../schema/domain/tag.ts'
import type { OneIn } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { NO_SQL, named, ONCE, texts } from '../store/names.ts'
import { BELIEVED } from './believed.ts'
import type { Key, ViewColumn } from './dimensions.ts'
import { isNumber, itemOf, sound, unpacked, unpackedOf } from './safe-json.ts'
import { ABORTED, ANSWERED, callCode, MARK_CODE } from './sample-code.ts'

/** Which page views are read, and how many each one stands for. */
export interface Selection {
  /** The page views `p`, after the hours that they are sought by if there are such. */
  from: SQL
  /** Conditions on `p`; must fix p.site and bound p.hour, so that the primary key is sought. */
  where: SQL
  /** Conditions on the calls or marks `c` of these. */
  items?: SQL
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

/** SQL of the calls that a page view `p` left out, and that its row did. */
export const LEFT_OUT = sql`min(${p.dropped} + ${p.callsCut}, ${number(BELIEVED.dropped)})`

/** What holds of every call or mark. */
export const TRUE = sql`true`

const COLUMN = texts(pageviews, 'p')

/** SQL of what a group key stands for, in a row `p` and, for calls and marks, one of these `c`, or in what `item` names. */
export function keySql(key: Key, item: string = itemOf(0)): SQL {
  if (isTagKey(key)) return sql.raw(`(${sound(COLUMN.tags)} ->> '${tagOf(key)}')`)
  return key === 'endpoint' || key === 'mark' ? sql.raw(item) : p[key]
}

/** The name of a call or a mark in what `callSamples` and `markSamples` group. */
export const ITEM_NAME = 'p.item'

/** The samples of API calls: the groups, the page view of each, its weight `w`, how many calls it left out, and `code` (sample-code.ts). */
export function callSamples(grouped: GroupedSelection): SQL {
  const told = sql.raw(`${itemOf(2)} AS x, ${itemOf(3)} AS outcome`)
  const valid = sql`${isNumber('x')} AND ${isNumber('outcome')} AND typeof(item) = 'text'`
  return coded('calls', grouped, { told, valid, code: callCode(thresholds('api')) })
}

/** True for a page view `p` with a call that was not called off: one that `callSamples` has. */
export function hasAnswered(): SQL {
  const [duration, outcome] = [itemOf(2), itemOf(3)]
  const valid = sql`${isNumber(duration)} AND ${isNumber(outcome)} AND ${sql.raw(`typeof(${itemOf(0)}) = 'text'`)}`
  return sql`EXISTS (SELECT 1 FROM ${unpackedOf('calls')} WHERE ${valid} AND ${sql.raw(`${outcome} <> ${ABORTED}`)})`
}

/** The same of marks. */
export function markSamples(grouped: GroupedSelection): SQL {
  return coded('marks', grouped, {
    told: sql.raw(`${itemOf(1)} AS x`),
    valid: isNumber('x'),
    code: MARK_CODE,
  })
}

/** What is unpacked, and what is worked out of it, is so once, however many groups it belongs to. */
function coded(
  kind: 'calls' | 'marks',
  { from, each = NO_SQL, where, items = TRUE, by, oneIn }: GroupedSelection,
  { told, valid, code }: { told: SQL; valid: SQL; code: SQL },
): SQL {
  const found = sql`SELECT p.*, ${sql.raw(itemOf(0))} AS item, ${told} FROM ${unpacked(kind, from)} WHERE ${where} AND ${items} ${ONCE}`
  const codes = sql`SELECT *, ${code} AS code FROM (${found}) WHERE ${valid} ${ONCE}`
  return sql`SELECT ${groupColumns(by)}, ${p.id} AS page, ${weight(oneIn)} AS w, ${LEFT_OUT} AS dropped,
      code, ${ANSWERED} AS answered FROM (${codes}) AS p ${each}`
}

/** How many page views a row stands for. */
export function weight(oneIn: OneIn): SQL {
  return oneIn > 1 ? sql`${p.weight} * ${number(oneIn)}` : p.weight
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
