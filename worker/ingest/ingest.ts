/**
 * `POST /f`: a beacon goes in, a row of `pageviews` comes out. The steps, in order, are the body of `take`.
 */

import type { Context } from 'hono'
import { isbot } from 'isbot'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { PHASES } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { encodeBlocking, encodeCall, encodeError, encodeMark } from '../../schema/storage/row.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import { decode } from '../../schema/wire/decode.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { logError } from '../log.ts'
import { badField, databaseRefused } from '../problem.ts'
import { leastRate } from '../site/rates.ts'
import { isKnownSite, rememberedDatabase, type Site } from '../site/sites.ts'
import { SETTLED } from '../store/periods.ts'
import { addressOf } from './address.ts'
import { admit, checkOrigin, D1_TIMEOUT, freshSite, readBody } from './admit.ts'
import { leastToCome } from './control.ts'
import { describe, type Visitor } from './enrich.ts'
import { type Fate, fateOf } from './fate.ts'
import { keep } from './keep.ts'
import { toLake } from './lake.ts'
import { toLakeRow } from './lake-row.ts'
import { mayBeFat } from './limit.ts'
import { renamed } from './rename.ts'
import { drawLot, isKept } from './sample.ts'
import { bytesOf, ORDINARY_BYTES, slim } from './size.ts'
import { declared, type LeftOut } from './tags.ts'
import { tally } from './tally.ts'

/** The bit that all later beacons of a page view share: JSON carries whole numbers below 2^53. */
const LAST_BIT = 50

/** Answers 204 when the row is in D1 (or not wanted), 202 when a queue has it, a problem when nothing durable has. */
export async function ingest(c: Context<Hono>): Promise<Response> {
  // Never no-store: Chrome then keeps the beacon's share of its keepalive budget for ever.
  c.header('Cache-Control', 'private, max-age=0')
  c.header('Vary', 'Origin')
  const now = Date.now()
  try {
    const { fate, leftOut } = await take(c, now)
    countFate(c, fate, now, leftOut)
    return c.body(null, fate === 'queued' ? 202 : 204)
  } catch (error) {
    countFate(c, fateOf(error), now)
    throw error
  }
}

/** Counts a beacon, whatever became of it, after it is answered. */
function countFate(c: Context<Hono>, fate: Fate, now: Ms, leftOut?: LeftOut): void {
  const name = c.req.query('site') ?? ''
  const d1 = rememberedDatabase(c.env, name)
  if (!d1) return
  const beacon = {
    site: isKnownSite(name) ? name : '',
    address: addressOf(c.req.header('CF-Connecting-IP')) ?? '',
    imported: c.req.header('Authorization') !== undefined,
  }
  c.executionCtx.waitUntil(tally(d1, { ...beacon, ...leftOut }, fate, now))
}

/** What became of a beacon, and what of it is not kept. */
interface Taken {
  fate: Fate
  leftOut?: LeftOut
}

/** Takes a beacon in, or throws the problem that refuses it. */
async function take(c: Context<Hono>, now: Ms): Promise<Taken> {
  const { site: known, trusted, fresh } = await admit(c, now)
  const userAgent = c.req.header('User-Agent') ?? ''
  if (isbot(userAgent)) return { fate: 'bots' }

  const body = await readBody(c.req.raw)
  const beacon = decode(body)
  if ('error' in beacon) throw badField(beacon.error)
  const lot = await drawLot(known.key, beacon.ok.id)
  const { age, sequence } = beacon.ok
  let site = known
  if (!fresh) {
    // Most beacons of a busy site end here, and D1 hears nothing of them. The lake gets them by what the isolate remembers.
    const least = Math.min(leastToCome(known, now), leastRate(known, now - age, sequence))
    if (isKept(lot, least)) {
      site = await freshSite(c, known.id, now)
      checkOrigin(c, site)
    } else if (!c.env.LAKE) return { fate: 'sampled' }
  }
  const named = renamed(beacon.ok, site)
  if (!named) return { fate: 'ignored' }
  const { view, leftOut } = declared(named, site)
  checkWeight(view, site, trusted)
  const oldest = site.rawDays * 24 * HOUR
  if (view.age > oldest) {
    throw badField({ field: 'age', detail: `must be at most ${oldest}: raw rows are kept no longer` })
  }
  const visitor = () => describe(userAgent, view.touch, countryOf(c, trusted))
  if (c.env.LAKE) {
    const found = { site: site.id, id: lot.id, visitor: visitor(), imported: trusted, now }
    toLake(c, toLakeRow(view, found), body.length, now)
  }

  // An open tab reports for as long as it lives. After some hours the page view is settled, so that old roll-ups
  // are, too; a first beacon may come as late as it likes.
  if (view.sequence > 0 && view.age > SETTLED) return { fate: 'late' }
  const rate = leastRate(site, now - view.age, view.sequence)
  if (!isKept(lot, rate)) return { fate: 'sampled', leftOut }
  const found = { site: site.id, now }
  let row = toRow({ ...view, id: lot.id }, visitor(), found)
  const excess = bytesOf(row) - ORDINARY_BYTES
  const address = addressOf(c.req.header('CF-Connecting-IP'))
  if (excess > 0 && !trusted && !mayBeFat(site, address, excess, now)) {
    const { view: rest, callsCut, marksCut } = slim(view)
    row = {
      ...toRow({ ...rest, id: lot.id }, visitor(), found),
      ...underNumber(view, rest),
      callsCut,
      marksCut,
    }
  }
  const candidate: Candidate = { ...row, draw: lot.draw, oneIn: rate, ...(trusted && { imported: true }) }
  if (c.env.INGEST === 'queue' && (await enqueue(c.env.QUEUE, candidate))) return { fate: 'queued', leftOut }
  return { fate: await save(c, site, candidate, now), leftOut }
}

/**
 * A stranger's beacon must not outweigh a day's honest ones. An importer is believed: it may bring what another tool
 * has sampled at 1 in 1,000.
 */
function checkWeight({ weight }: PageView, { id, maxWeight }: Site, trusted: boolean): void {
  if (trusted || weight <= maxWeight) return
  const detail = `must be at most ${maxWeight}: pages of site ${id} that sample more need its setting max_weight`
  throw badField({ field: 'weight', detail })
}

/** Stores the row; where D1 refuses or is silent, a queue takes it if one is bound. */
async function save(c: Context<Hono>, site: Site, row: Candidate, now: Ms): Promise<Fate> {
  const { QUEUE } = c.env
  const kept = keep(c.env, site, row, now)
  try {
    return await within(D1_TIMEOUT, kept)
  } catch (error) {
    const refusal = databaseRefused(error)
    // A silent D1 may store the row yet; if the queue has it, too, that changes nothing.
    c.executionCtx.waitUntil(kept.catch(() => {}))
    if (await enqueue(QUEUE, row)) return 'queued'
    throw refusal
  }
}

/** True when the queue has the row; false where none is bound, or it takes nothing. */
async function enqueue(queue: Queue<Candidate> | undefined, row: Candidate): Promise<boolean> {
  try {
    await queue?.send(row)
    return queue !== undefined
  } catch (error) {
    logError('the queue refused a beacon', error)
    return false
  }
}

/** Builds the row: times by the worker's clock, calls and marks under their beacon's number. */
export function toRow(
  view: PageView,
  visitor: Visitor,
  { site, now }: { site: string; now: number },
): PageViewRow {
  const { sequence, calls, marks, tags, phases, errors } = view
  const why = encodeAttribution(view.why)
  const began = now - view.age
  return {
    site,
    hour: hourOf(began),
    id: view.id,
    began,
    sequence,
    weight: view.weight,
    navigation: view.navigation,
    route: view.route,
    release: view.release,
    ...visitor,
    connection: view.connection,
    ...view.vitals,
    phases: phases && JSON.stringify(PHASES.map(phase => phases[phase])),
    server: view.server ? JSON.stringify(view.server) : null,
    trace: view.trace ?? null,
    calls: calls.length ? JSON.stringify({ [sequence]: calls.map(encodeCall) }) : '{}',
    why: why ? JSON.stringify(why) : null,
    tags: tags.length ? JSON.stringify(Object.fromEntries(tags)) : null,
    blocking: view.blocking ? JSON.stringify(encodeBlocking(view.blocking)) : null,
    bfcache: view.bfcache ? JSON.stringify(view.bfcache) : null,
    marks: marks.length ? JSON.stringify({ [sequence]: marks.map(encodeMark) }) : '{}',
    received: 2 ** Math.min(sequence, LAST_BIT),
    dropped: view.dropped,
    errors: errors?.count ?? null,
    errorList: errors?.list.length ? JSON.stringify(errors.list.map(encodeError)) : null,
  }
}

/** A beacon of which no call, or mark, is left keeps its number: so what was cut of it is counted once. */
function underNumber(view: PageView, rest: PageView): Partial<PageViewRow> {
  const none = JSON.stringify({ [view.sequence]: [] })
  return {
    ...(view.calls.length && !rest.calls.length && { calls: none }),
    ...(view.marks.length && !rest.marks.length && { marks: none }),
  }
}

/** Cloudflare's word for where the request came from; an importer says it in the header Cloudflare would set. */
function countryOf(c: Context<Hono>, trusted: boolean): string | null | undefined {
  const said = trusted ? c.req.header('CF-IPCountry') : undefined
  return said ?? (c.req.raw.cf as IncomingRequestCfProperties | undefined)?.country
}
