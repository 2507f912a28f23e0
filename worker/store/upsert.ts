/**
 * The one way into `pageviews`. A page view is one row; its later beacons update it. Storing a beacon twice, or two
 * beacons out of order, leaves the same row.
 */

import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { HOUR, hourOf, MINUTE } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { MAX_CALLS } from '../../schema/wire/beacon.ts'
import { COLUMN_NAMES, type Column, columns, newValue, OPEN, type Stored } from './brought.ts'
import { IS_KEPT, JUDGED } from './judge.ts'
import { listed, named } from './names.ts'
import { markDirty, markUndone, type Place } from './periods.ts'
import { takeOver } from './takeover.ts'

/**
 * The most calls, and marks, of one page view over all its beacons; what comes beyond is counted. No browser sends more calls: few page
 * views of many fast ones would hide the slow ones of all others.
 */
export const MAX_ITEMS = { calls: MAX_CALLS, marks: 256 }

/** How far network delay may move the begin of a page view between two of its beacons, in ms. */
const MAX_JITTER = 5 * MINUTE

/** What the beacon brings. */
const sent = named(pageviews, 'excluded')

/** What the first beacon settles: where the row lies, what it stands for, and whose page view it is. */
const FIRST_WINS: readonly Column[] = [
  ...(['site', 'hour', 'id', 'began', 'weight', 'navigation'] as const),
  ...(['country', 'device', 'browser', 'browserVersion', 'os'] as const),
]
/** What each beacon adds to. */
const GROWING: readonly Column[] = ['calls', 'callsCut', 'marks', 'marksCut']

/** What becomes of columns where two know of a page view, the row that is stored and the one that is sent. */
export const OF_BOTH: Partial<Record<Column, SQL>> = {
  // Of most, the newest beacon knows best.
  ...Object.fromEntries(
    COLUMN_NAMES.filter(name => ![...FIRST_WINS, ...GROWING].includes(name)).map(name => [
      name,
      newest(name),
    ]),
  ),
  sequence: sql`max(${pageviews.sequence}, ${sent.sequence})`,
  received: sql`${pageviews.received} | ${sent.received}`,
  dropped: sql`max(${pageviews.dropped}, ${sent.dropped})`,
}

/** The statements, written out once for each database binding: building them anew would cost half of the CPU. */
const statements = new WeakMap<D1Database, Texts>()
type Texts = Record<'fresh' | 'late', string>

/**
 * Stores rows in one statement with one bound parameter, one billed row written for each; new ones in the place of old ones, if there
 * are any (store/takeover). A row of a sealed hour is left out, and one that is not kept (store/judge), and so are their places in
 * the receipt.
 *
 * Key: (site, hour, id). The hour is that of the page view's begin, worked out anew from each beacon's age, so
 * network delay can carry a later beacon over the hour's end: a row in a neighbouring hour is the same page view.
 */
export async function store(d1: D1Database, rows: readonly Candidate[], now: Ms): Promise<D1Result<Stored>> {
  return (await storeAnd(d1, rows, now, []))[0]
}

/** The same, and `also` in one transaction with it, right behind it: `changes()` tells there how many rows were stored. */
export async function storeAnd(
  d1: D1Database,
  rows: readonly Candidate[],
  now: Ms,
  also: readonly D1PreparedStatement[],
): Promise<[D1Result<Stored>, ...D1Result[]]> {
  const late = latePlaces(rows, now)
  const alike = inOneHour(rows)
  // What is to run right behind it counts the rows of one statement.
  const taken = also.length ? null : await takeOver(d1, alike, now, touches(d1, late))
  const left = taken ? alike.filter(row => !isAmong(taken.results, row)) : alike
  if (taken && !left.length) return [taken]
  const { fresh, late: openHours } = textsOf(d1)
  const statement = d1.prepare(late.size ? openHours : fresh).bind(JSON.stringify(left))
  // In one transaction with the notes that the roll-ups of closed hours are out of date.
  const results =
    late.size || also.length
      ? await d1.batch([statement, ...also, ...touches(d1, late)])
      : [await statement.run()]
  const [receipt, ...others] = results as D1Result[]
  if (!receipt) throw new Error('D1 answered a batch with nothing')
  const stored = receipt as D1Result<Stored>

  const missed = missedPlaces(stored.results, late, now)
  if (missed.size) await d1.batch(touches(d1, missed))
  const all = taken ? { ...stored, results: [...taken.results, ...stored.results] } : stored
  return [all, ...others.slice(0, also.length)]
}

/** The texts of a binding's statements: of rows in the running hour alone, and of others. */
function textsOf(d1: D1Database): Texts {
  const known = statements.get(d1)
  if (known) return known
  const texts = { fresh: upsert(d1, sql`true`), late: upsert(d1, OPEN) }
  statements.set(d1, texts)
  return texts
}

/** Closed hours that nobody thought of: a beacon that was on its way for long has found its row there. */
function missedPlaces(stored: readonly Stored[], late: Late, now: Ms): Late {
  const missed: Late = new Map()
  const open = hourOf(now)
  for (const { site, hour, id } of stored) {
    if (hour >= open) continue
    const known = late.get(site)
    const isKnown = known && [...known.places, ...known.imported].some(([h, i]) => h === hour && i === id)
    if (!isKnown) add(missed, site, [hour, id])
  }
  return missed
}

function isAmong(places: readonly Stored[], row: Candidate): boolean {
  return row.sequence === 0 && places.some(({ site, id }) => site === row.site && id === row.id)
}

/** Beacons of one page view in one batch get one hour: the statement does not see the rows it is about to write. */
function inOneHour(rows: readonly Candidate[]): readonly Candidate[] {
  if (rows.length === 1) return rows
  const first = new Map<string, number>()
  return rows.map(row => {
    const key = `${row.site} ${row.id}`
    const hour = first.get(key) ?? row.hour
    first.set(key, hour)
    return Math.abs(hour - row.hour) === 1 ? { ...row, hour } : row
  })
}

/** Where rows may come to lie in closed hours, by site. */
type Late = Map<string, { places: Place[]; imported: Place[] }>

function latePlaces(rows: readonly Candidate[], now: Ms): Late {
  const open = hourOf(now)
  const late: Late = new Map()
  for (const { site, hour, began, id, imported } of rows) {
    if (hour >= open && began - hour * HOUR > MAX_JITTER) continue
    const near = imported ? [hour] : [hour - 1, hour, hour + 1]
    for (const hour of near) if (hour < open) add(late, site, [hour, id], imported)
  }
  return late
}

function add(late: Late, site: string, place: Place, imported = false): void {
  const known = late.get(site) ?? { places: [], imported: [] }
  known[imported ? 'imported' : 'places'].push(place)
  late.set(site, known)
}

/** What an importer brings is no stranger's: its hours wait for nothing. */
function touches(d1: D1Database, late: Late): D1PreparedStatement[] {
  return [...late].flatMap(([site, { places, imported }]) => [
    ...(places.length ? [markDirty(d1, site, places)] : []),
    ...(imported.length ? [markUndone(d1, site, [...new Set(imported.map(([hour]) => hour))])] : []),
  ])
}

/** The text of the upsert of what `where` holds of, in Drizzle's words; its only parameter is the JSON list of rows. */
function upsert(d1: D1Database, where: SQL): string {
  return drizzle(d1)
    .insert(pageviews)
    .select(sql`WITH ${JUDGED} SELECT ${listed(...COLUMN_NAMES.map(newValue))}
      FROM j WHERE ${IS_KEPT} AND ${where}`)
    .onConflictDoUpdate({
      target: [pageviews.site, pageviews.hour, pageviews.id],
      set: {
        ...OF_BOTH,
        calls: merged('calls'),
        marks: merged('marks'),
        callsCut: cut('calls'),
        marksCut: cut('marks'),
      },
    })
    .returning({ site: pageviews.site, id: pageviews.id, hour: pageviews.hour, weight: pageviews.weight })
    .toSQL().sql
}

/**
 * What a beacon adds, under its number, up to `MAX_ITEMS` of a page view. A beacon that comes again replaces itself. A row
 * whose JSON is broken begins anew, or it would refuse all of its batch.
 */
function merged(column: 'calls' | 'marks'): SQL {
  const news = sent[column]
  const stored = readable(column)
  return sql`CASE WHEN ${news} = '{}' THEN ${stored} WHEN ${others(column)} + ${size(news)} <= ${max(column)}
    THEN json_patch(${stored}, ${news})
    ELSE json_patch(${stored}, (SELECT json_group_object(b.key, json((
      SELECT json_group_array(json(c.value)) FROM json_each(b.value) AS c
      WHERE c.key < ${max(column)} - ${others(column)}))) FROM json_each(${news}) AS b)) END`
}

/** How many calls, or marks, were cut so far. What a beacon lost counts once, however often it comes. */
function cut(column: 'calls' | 'marks'): SQL {
  const news = sent[column]
  const count = `${column}Cut` as const
  return sql`${columns[count]} + CASE WHEN ${news} = '{}' OR EXISTS (SELECT 1 FROM json_each(${readable(column)}) AS b
      WHERE b.key IN (SELECT key FROM json_each(${news}))) THEN 0
    ELSE ${sent[count]} + max(0, ${others(column)} + ${size(news)} - ${max(column)}) END`
}

const max = (column: 'calls' | 'marks') => sql.raw(String(MAX_ITEMS[column]))
const readable = (column: 'calls' | 'marks') =>
  sql`iif(json_valid(${columns[column]}), ${columns[column]}, '{}')`
/** The number of calls, or marks, in a JSON object of lists. */
const size = (json: SQL) =>
  sql`(SELECT coalesce(sum(json_array_length(b.value)), 0) FROM json_each(${json}) AS b)`
/** Those that are stored of other beacons than the one that comes, at most `MAX_ITEMS`. */
const others = (column: 'calls' | 'marks') =>
  sql`(SELECT min(${max(column)}, coalesce(sum(json_array_length(b.value)), 0)) FROM json_each(${readable(column)}) AS b
    WHERE b.key NOT IN (SELECT key FROM json_each(${sent[column]})))`

/** The column's value from the newer of the two beacons that knows it. */
function newest(column: Column): SQL {
  const stored = columns[column]
  return sql`CASE WHEN ${sent.sequence} >= ${pageviews.sequence}
    THEN coalesce(${sent[column]}, ${stored}) ELSE coalesce(${stored}, ${sent[column]}) END`
}
