/**
 * The cron's part in OpenTelemetry: each hour that has settled is sent to the site's collectors, once, in the form of
 * `GET /v1/export?format=otlp`. An hour that is not taken is tried again, and those after it wait.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */

import { and, asc, eq, lt, lte, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { MAX_COLLECTORS, MAX_WAITING_HOURS } from '../../schema/api/collectors.ts'
import { type OtlpAnswer, type OtlpQuery, parseOtlpQuery } from '../../schema/api/otlp.ts'
import { badWebhook } from '../../schema/api/webhook-address.ts'
import { HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import type { Parsed } from '../../schema/domain/problem.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { type CollectorRow, collectors, type SiteRow } from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import { named } from '../store/names.ts'
import { firstOpenHour } from '../store/periods.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { exportRequest } from './otlp.ts'

const c = named(collectors, 'c')

/** What finding the collectors, asking for an hour and noting how it went take at most, in statements. */
const STATEMENTS = { find: 1, ask: 12, note: 1 }
/** Below this a run sends nothing. */
export const MIN_PUSH_STATEMENTS = STATEMENTS.find + STATEMENTS.ask + STATEMENTS.note
/** ms until the next attempt, after each that failed; the last holds until it is taken, or too old. */
const RETRY_DELAYS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR]
/** How long a collector may take, in ms. */
const PUSH_TIMEOUT = 5 * SECOND
/** Of what a collector answers, so many characters are read. */
const MAX_ANSWER = 4_096
/** Statuses that say that this hour will never be taken. */
const REFUSED = [400, 413, 422]

/** Which part of a collector's row says what it is sent. */
type Pushed = Pick<CollectorRow, 'site' | 'metrics' | 'groupBy' | 'limit'>

/** How long a site's figures are kept. */
type Kept = Pick<SiteRow, 'rawDays' | 'hourDays' | 'dayDays'>

/** How a request ended. */
export interface Outcome {
  taken: boolean
  /** It is not to be sent again. */
  final: boolean
  /** Null where nothing was sent. */
  status: string | null
}

/** SQL of whether `site` has a collector to send something to. Key: (site). */
export function isPushed(site: SQL, now: Ms): SQL<0 | 1> {
  return sql`EXISTS (SELECT 1 FROM ${c.table}
    WHERE ${c.site} = ${site} AND ${c.due} <= ${now} AND ${c.next} < ${firstOpenHour(now)})`
}

/** Sends what has settled, within `maxStatements`; answers the statements it took. */
export async function push(
  d1: D1Database,
  site: Kept & Pick<SiteRow, 'id'>,
  now: Ms,
  maxStatements: number,
): Promise<number> {
  let left = maxStatements - STATEMENTS.find
  const open = firstOpenHour(now)
  const waiting = await drizzle(d1)
    .select()
    .from(collectors)
    .where(and(eq(collectors.site, site.id), lte(collectors.due, now), lt(collectors.next, open)))
    .orderBy(asc(collectors.next))
    .limit(MAX_COLLECTORS)
  for (const collector of waiting) left -= await pushTo(d1, collector, site, now, left)
  return maxStatements - left
}

/** Sends a collector the hours that wait, until it does not take one; answers the statements it took. */
async function pushTo(
  d1: D1Database,
  collector: CollectorRow,
  site: Kept,
  now: Ms,
  maxStatements: number,
): Promise<number> {
  const open = firstOpenHour(now)
  let { attempts, status } = collector
  let hour = Math.max(collector.next, open - MAX_WAITING_HOURS)
  let left = maxStatements
  if (left < STATEMENTS.ask + STATEMENTS.note) return 0
  if (hour > collector.next)
    console.error(
      `collector ${collector.id} of ${collector.site} misses ${hour - collector.next} hours from ${new Date(collector.next * HOUR).toISOString()} on, which waited too long`,
    )
  while (hour < open && left >= STATEMENTS.ask + STATEMENTS.note) {
    const receipt: Receipt = { statements: 0, read: 0 }
    const outcome = await pushHour(counted(d1, receipt), collector, hour, site, now)
    if (outcome.final) hour += 1
    attempts = outcome.final ? 0 : attempts + 1
    status = outcome.status ?? status
    await note(d1, collector, { next: hour, attempts, status, due: dueAfter(attempts, now) })
    left -= receipt.statements + STATEMENTS.note
    if (!outcome.taken) {
      console.error(`collector ${collector.id} of ${collector.site} did not take an hour: ${status}`)
      break
    }
  }
  return maxStatements - left
}

async function pushHour(
  d1: Preparer,
  collector: CollectorRow,
  hour: Hour,
  site: Kept,
  now: Ms,
): Promise<Outcome> {
  try {
    const query = queryOf(collector, hour, now)
    if ('error' in query) return final(`${query.error.field} ${query.error.detail}`)
    const request = await exportRequest(d1, query.ok, site, now)
    const metrics = request.resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics),
    )
    // An hour without visitors has nothing to tell.
    if (!metrics.length) return { taken: true, final: true, status: null }
    return await send(collector, request)
  } catch (error) {
    logError(`an hour of ${collector.site} cannot be asked for`, error)
    return { taken: false, final: false, status: 'the database could not be asked' }
  }
}

/** The question of one hour. An error names the field of the collector that does not fit. */
export function queryOf({ site, metrics, groupBy, limit }: Pushed, hour: Hour, now: Ms): Parsed<OtlpQuery> {
  const params = new URLSearchParams({
    site,
    from: new Date(hour * HOUR).toISOString(),
    to: new Date((hour + 1) * HOUR).toISOString(),
    metrics: metrics.join(','),
    limit: String(limit),
  })
  if (groupBy.length) params.set('group_by', groupBy.join(','))
  return parseOtlpQuery(params, now)
}

/** Posts metrics to a collector. Redirects are not followed: they would take the headers elsewhere. */
export async function send(
  { url, headers }: Pick<CollectorRow, 'url' | 'headers'>,
  request: OtlpAnswer,
): Promise<Outcome & { status: string }> {
  const bad = badWebhook(url)
  if (bad) return { taken: false, final: false, status: `the address ${bad}` }
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(request),
      headers: { ...headers, 'Content-Type': 'application/json', 'User-Agent': 'fieldline' },
      redirect: 'manual',
      signal: AbortSignal.timeout(PUSH_TIMEOUT),
    })
    if (!response.ok) {
      await response.body?.cancel()
      return { taken: false, final: REFUSED.includes(response.status), status: String(response.status) }
    }
    const rejected = rejectedIn(await beginningOf(response))
    return { taken: true, final: true, status: `${response.status}${rejected}` }
  } catch (error) {
    return { taken: false, final: false, status: error instanceof Error ? error.message : String(error) }
  }
}

/** What a collector says that it did not keep, of a request that it took. */
function rejectedIn(text: string): string {
  try {
    const { rejectedDataPoints = 0 } = JSON.parse(text).partialSuccess ?? {}
    return Number(rejectedDataPoints) > 0 ? `, but ${Number(rejectedDataPoints)} points were rejected` : ''
  } catch {
    return ''
  }
}

/** The first characters of an answer, however long it is. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_ANSWER) break
  }
  return text
}

function final(status: string): Outcome {
  return { taken: false, final: true, status }
}

function dueAfter(attempts: number, now: Ms): Ms {
  const delay = attempts ? (RETRY_DELAYS[Math.min(attempts, RETRY_DELAYS.length) - 1] ?? 0) : 0
  return now + delay
}

async function note(
  d1: D1Database,
  { site, id }: CollectorRow,
  changes: Pick<CollectorRow, 'next' | 'attempts' | 'status' | 'due'>,
): Promise<void> {
  await drizzle(d1)
    .update(collectors)
    .set(changes)
    .where(and(eq(collectors.site, site), eq(collectors.id, id)))
}
