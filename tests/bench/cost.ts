/**
 * What a day of a site costs, measured: a number of page views goes in, the rows that D1 bills for comes out. The
 * worker's own functions do the work on made traffic and a made clock, so every run counts the same rows.
 */

import { getTableColumns } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import { type PageViewRow, pageviews } from '../../schema/storage/tables.ts'
import { type Bill, bill } from '../kit/bill.ts'
import { type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'
import { makeSite } from './ingest.ts'

/** What is assumed, and stated beside the table. */
export const ASSUMED = {
  /** Beacons that a page view sends: most send one, some a second after a tab was looked at again. */
  beacons: 1.3,
  /** Times that an hour is rolled up: once when it has settled, and again where a first beacon came later still. */
  rollups: 1.1,
  routes: 40,
  endpoints: 20,
  /** The API calls of a page view. */
  calls: 2,
  /** Values of a declared tag. */
  values: 4,
}

/** Rows of a day. */
export interface DayCost {
  views: number
  written: number
  read: number
}

/** Runs of the cron, one in seven of which looks for old rows. */
const RUNS = 288
const RUN = 300_000
const RETAIN_EVERY = 7
/** Stored beacons between two reports of what arrived. */
const REPORTED = 64
/** Accepted beacons between two writes of what became of them. */
const TALLIED = 200
const DAY = 24
/** The day that is measured; its first hour since 1970. */
const START = Date.UTC(2026, 0, 15) / HOUR
const NOW = (START + DAY + 12) * HOUR

/** The cost of a day with each number of page views, with or without a tag; everything billed, once all tiers are full. */
export async function measureDays(sizes: readonly number[], tag?: string): Promise<DayCost[]> {
  const local = await startLocal('tests/kit/worker/metered.ts')
  try {
    const cron = await measureCron(local)
    const days: DayCost[] = []
    for (const views of sizes) days.push(sum(views, [cron, ...(await measureDay(local, views, tag))]))
    return days
  } finally {
    await local.stop()
  }
}

type Rows = Pick<Bill, 'read' | 'written'>

const COLUMNS = Object.values(getTableColumns(pageviews))
  .map(({ name }) => name)
  .join(', ')

/** A day of the cron on a site with all of its tiers full and nothing due. */
async function measureCron(local: Local): Promise<Rows> {
  await makeSite(local, 'idle')
  const traffic = { site: 'idle', callsIn: 1, routes: 1, endpoints: 1 }
  for (const statement of insertTraffic({
    ...traffic,
    from: START - 13 * DAY,
    hours: 14 * DAY,
    views: 14 * DAY,
  }))
    await local.db.prepare(statement).all()
  await local.db
    .prepare(
      `WITH RECURSIVE h(start) AS (VALUES (${START - 34 * DAY}) UNION ALL SELECT start + 1 FROM h WHERE start < ${START + DAY - 1})
      INSERT INTO periods (site, tier, start, state, rolled)
      SELECT 'idle', t.value, start, CASE WHEN start < ${START - 13 * DAY} THEN 'sealed' ELSE 'clean' END, start
      FROM h, json_each('["hour","day"]') AS t WHERE t.value = 'hour' OR start % 24 = 0`,
    )
    .all()
  const run = Math.ceil(NOW / RUN / RETAIN_EVERY) * RETAIN_EVERY
  // The first look deletes what the made periods leave behind, once; `measureDay` counts the like of it.
  await bill(local, `cron?now=${run * RUN}`)
  const retaining = await bill(local, `cron?now=${run * RUN}`)
  const idle = await bill(local, `cron?now=${(run + 1) * RUN}`)
  for (const table of ['sites', 'pageviews', 'periods']) await local.db.prepare(`DELETE FROM ${table}`).all()
  const share = RUNS / RETAIN_EVERY
  return sum(0, [times(share, retaining), times(RUNS - share, idle)])
}

/** A day's page views from their beacons to the deletion of their last trace. */
async function measureDay(local: Local, views: number, tag = ''): Promise<Rows[]> {
  const { beacons, rollups, routes, endpoints } = ASSUMED
  const site = `of-${views}`
  await makeSite(local, site)
  const traffic = { site, from: START, hours: DAY, views, callsIn: 1, routes, endpoints }
  for (const statement of insertTraffic(traffic)) await local.db.prepare(statement).all()
  const value = `(instr('0123456789abcdef', substr(id, 1, 1)) - 1) * ${ASSUMED.values} / 16`
  if (tag) await local.db.prepare(`UPDATE pageviews SET tags = json_object('${tag}', ${value})`).all()

  const noon = (START + 12) * HOUR + HOUR / 2
  await makePast(local, site, START + 12 - 15 * DAY)
  const first = await bill(local, `store?now=${noon}`, [pageView(site, noon, 0)])
  const later = await bill(local, `store?now=${noon}`, [pageView(site, noon, 1)])
  const report = await bill(local, `report?site=${site}&now=${noon}`, {
    seen: REPORTED,
    stored: REPORTED,
    bytes: REPORTED * 600,
  })
  const tallied = await bill(local, `tally?site=${site}&now=${noon}`)

  const hours = Array.from({ length: DAY }, (_, i) => START + i)
  await makeOldHours(local, site, hours)
  const roll = async (tier: 'hour' | 'day', starts: number[]) => {
    const bills: Bill[] = []
    for (const start of starts)
      bills.push(await bill(local, `${tier}?site=${site}&start=${start}&now=${NOW}&tag=${tag}`))
    return sum(0, bills)
  }
  const [hoursOnce, dayOnce] = [await roll('hour', hours), await roll('day', [START])]
  // A late page view of each hour, with names that the hour has.
  await local.db
    .prepare(
      `INSERT OR REPLACE INTO pageviews (${COLUMNS}) SELECT ${COLUMNS.replace(' id,', " 'late',")} FROM pageviews GROUP BY hour`,
    )
    .all()
  const hoursAgain = await roll('hour', hours)

  // A row of before was written over for each row of this day, and each of this day's will be: only what found no like is deleted.
  await local.db.prepare('DELETE FROM pageviews').all()
  for (const table of ['rollups', 'api_rollups'])
    await local.db.prepare(`DELETE FROM ${table} WHERE tier = 'hour' AND start >= ${START}`).all()
  // The rest is deleted when its time is over: hours after 35 days, days after 760.
  const gone: Bill[] = []
  for (const days of [16, 37, 762])
    gone.push(await bill(local, `cron?now=${nextRetaining((START + days * DAY) * HOUR)}`))
  for (const table of ['sites', 'pageviews', 'rollups', 'api_rollups', 'periods'])
    await local.db.prepare(`DELETE FROM ${table}`).all()
  return [
    times(views, first),
    times(views * (beacons - 1), later),
    // Its row is written, and deleted after two days.
    times((views * beacons) / REPORTED, { read: report.read, written: report.written * 2 }),
    // Its hours' rows are deleted with the hours.
    times((views * beacons) / TALLIED, tallied),
    { read: DAY, written: DAY },
    hoursOnce,
    dayOnce,
    times(rollups - 1, hoursAgain),
    ...gone,
  ]
}

/** A page view of an hour that is past its days and sealed, whose row a new one takes over. */
async function makePast(local: Local, site: string, hour: number): Promise<void> {
  const [traffic] = insertTraffic({
    site,
    from: hour,
    hours: 1,
    views: 1,
    callsIn: 1,
    routes: 1,
    endpoints: 1,
  })
  await local.db.prepare(traffic ?? '').all()
  await local.db
    .prepare(
      `INSERT INTO periods (site, tier, start, state, rolled) VALUES ('${site}', 'hour', ${hour}, 'sealed', ${hour})`,
    )
    .all()
}

/** The roll-ups of the same hours 36 days before, with the names of this day, and a day that is sealed: what its hours take over. */
async function makeOldHours(local: Local, site: string, hours: readonly number[]): Promise<void> {
  const before = 36 * DAY
  for (const start of hours) await bill(local, `hour?site=${site}&start=${start}&now=${NOW}`)
  for (const table of ['rollups', 'api_rollups'])
    await local.db.prepare(`UPDATE ${table} SET start = start - ${before}`).all()
  await local.db.prepare(`DELETE FROM periods WHERE tier = 'hour' AND start >= ${START}`).all()
  await local.db
    .prepare(
      `INSERT INTO periods (site, tier, start, state, rolled) VALUES ('${site}', 'day', ${START - before}, 'sealed', ${START})`,
    )
    .all()
}

function nextRetaining(now: number): number {
  return Math.ceil(now / RUN / RETAIN_EVERY) * RETAIN_EVERY * RUN
}

function pageView(site: string, began: number, sequence: number): PageViewRow {
  return {
    ...{
      site,
      hour: Math.floor(began / HOUR),
      id: 'cost',
      began,
      sequence,
      weight: 1,
      navigation: 'navigate',
    },
    ...{
      route: '/r/1',
      release: null,
      country: 'DE',
      device: 'phone',
      browser: null,
      browserVersion: null,
      os: null,
    },
    ...{
      connection: '4g',
      lcp: 1200,
      inp: null,
      cls: 0,
      fcp: 800,
      ttfb: 150,
      phases: null,
      calls: '{}',
      received: 1,
    },
  }
}

function times(factor: number, { read, written }: Rows): Rows {
  return { read: factor * read, written: factor * written }
}

function sum(views: number, rows: readonly Rows[]): DayCost {
  const read = Math.round(rows.reduce((total, row) => total + row.read, 0))
  return { views, read, written: Math.round(rows.reduce((total, row) => total + row.written, 0)) }
}
