/**
 * What is stored, in bytes: page views go in, what the database grows by with them, their hours and their day comes out. Only
 * inserts are measured, so no page that was freed hides anything.
 */

import type { Column } from 'drizzle-orm'
import { DAY, HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { sites } from '../../schema/storage/tables.ts'
import { bill } from '../kit/bill.ts'
import { type Local, startLocal, type WithFiles } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'
import { makeSite } from './ingest.ts'

/** Page views of the day; what roll-ups take follows the names in each hour, not the number of page views. */
const VIEWS = 10_000
/** Page views of the demo's shop: vitals, causes, load phases and API calls, as browsers send them. */
const VISITS = 2_000
const START = Date.UTC(2026, 0, 15) / HOUR
const NOW = (START + 36) * HOUR
/** What a site keeps by default, in days, and the bytes of its single page views a day. */
const defaultOf = (column: Column) => Number(column.default)
const RAW_DAYS = defaultOf(sites.rawDays)
const HOUR_DAYS = defaultOf(sites.hourDays)
const DAY_DAYS = defaultOf(sites.dayDays)
const BYTES_PER_DAY = defaultOf(sites.bytesPerDay)
const MB = 1_000_000
/** ms between runs of the cron that look for old rows. */
const RETAIN_EVERY = 7 * 5 * MINUTE

/** The table of docs/deploying.md. */
export async function storageTable(): Promise<string> {
  const view = await measureViews()
  const [usual, large] = [await measureRollups(40, 20), await measureRollups(200, 100)]
  const all = ({ hours, day }: Rollups) => `${Math.round((hours * HOUR_DAYS + day * DAY_DAYS) / MB)} MB`
  return [
    '| what | size |',
    '|---|---|',
    `| a page view of the demo's shop | ${Math.round(view)} bytes |`,
    `| single page views: the default \`bytes_per_day\` for ${RAW_DAYS} days | ${(BYTES_PER_DAY * RAW_DAYS) / MB} MB |`,
    `| hour roll-ups of 40 routes and 20 endpoints, kept ${HOUR_DAYS} days | ${(usual.hours / MB).toFixed(1)} MB a day |`,
    `| day roll-ups of the same, kept ${DAY_DAYS} days | ${(usual.day / MB).toFixed(2)} MB a day |`,
    `| a day of that site as a file in R2 | ${Math.round(usual.file / 1_000)} KB |`,
    `| all roll-ups of that site in D1 | ${all(usual)} |`,
    `| all roll-ups of 200 routes and 100 endpoints in D1 | ${all(large)} |`,
  ].join('\n')
}

/** Bytes of the roll-ups of a day. */
interface Rollups {
  hours: number
  day: number
  /** Of the day's file in R2. */
  file: number
}

/** Bytes of a page view. */
function measureViews(): Promise<number> {
  return measured(async local => {
    const empty = await sizeOf(local)
    await bill(local, 'visits', { site: 'shop', now: NOW, views: VISITS, days: 1 })
    return ((await sizeOf(local)) - empty) / VISITS
  })
}

function measureRollups(routes: number, endpoints: number): Promise<Rollups> {
  return measured(async local => {
    const traffic = {
      site: 'shop',
      from: START,
      hours: DAY / HOUR,
      views: VIEWS,
      callsIn: 2,
      routes,
      endpoints,
    }
    for (const statement of insertTraffic(traffic)) await local.db.prepare(statement).all()
    const withViews = await sizeOf(local)
    for (let start = START; start < START + 24; start++)
      await bill(local, `hour?site=shop&start=${start}&now=${NOW}`)
    const withHours = await sizeOf(local)
    await bill(local, `day?site=shop&start=${START}&now=${NOW}`)
    const withDay = await sizeOf(local)
    // One run in seven looks for old rows.
    await bill(
      local,
      `cron?now=${Math.ceil(((START / 24 + DAY_DAYS + 2) * DAY) / RETAIN_EVERY) * RETAIN_EVERY}`,
    )
    const [file] = (await local.files('ARCHIVE')).values()
    return { hours: withHours - withViews, day: withDay - withHours, file: file?.byteLength ?? 0 }
  })
}

async function measured<T>(measure: (local: WithFiles) => Promise<T>): Promise<T> {
  const local = await startLocal('tests/kit/worker/metered.ts', { r2Buckets: ['ARCHIVE'] })
  try {
    await makeSite(local)
    return await measure(local)
  } finally {
    await local.stop()
  }
}

async function sizeOf(local: Local): Promise<number> {
  const { meta } = await local.db.prepare('SELECT 1').all()
  return meta.size_after ?? 0
}
