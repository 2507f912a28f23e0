/** `POST /f`: from a beacon to a row of `pageviews`. The steps, in order, are the body of `take`. */

import type { Context } from 'hono'
import { isbot } from 'isbot'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { MAX_BYTES } from '../../schema/wire/beacon.ts'
import { decode } from '../../schema/wire/decode.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { readText } from '../body.ts'
import { within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { logError } from '../log.ts'
import { noteRefusal, spared } from '../overload.ts'
import { badField, databaseRefused } from '../problem.ts'
import { databaseOf } from '../site/database.ts'
import { leastRate } from '../site/rates.ts'
import { isKnownSite, rememberedDatabase, type Site } from '../site/sites.ts'
import { SETTLED } from '../store/periods.ts'
import { addressOf } from './address.ts'
import { type Admitted, admit, checkOrigin, D1_TIMEOUT, freshSite, tooMany } from './admit.ts'
import { isAgain } from './again.ts'
import { silent, slimRow, toRow } from './beacon-row.ts'
import { leastToCome } from './control.ts'
import { describe, type Visitor } from './enrich.ts'
import { type Fate, fateOf } from './fate.ts'
import { keep } from './keep.ts'
import { toLake } from './lake.ts'
import { toLakeRow } from './lake-row.ts'
import { mayBeFat, mayComeAgain } from './limit.ts'
import { renamed } from './rename.ts'
import { drawLot, isKept, type Lot } from './sample.ts'
import { bytesOf, ORDINARY_BYTES } from './size.ts'
import { declared, type LeftOut } from './tags.ts'
import { tally } from './tally.ts'
import { mayTell } from './telling.ts'

/** Answers 204 when the row is in D1 (or not wanted), 202 when a queue has it, a problem when nothing durable has. */
export async function ingest(c: Context<Hono>): Promise<Response> {
  // Never no-store: Chrome then keeps the beacon's share of its keepalive budget for ever.
  c.header('Cache-Control', 'private, max-age=0')
  c.header('Vary', 'Origin')
  // A page with `Cross-Origin-Embedder-Policy: require-corp` takes an answer without it for a failure, and sends once more.
  c.header('Cross-Origin-Resource-Policy', 'cross-origin')
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

/** The fate of a beacon, and the tags that are not kept. */
interface Taken {
  fate: Fate
  leftOut?: LeftOut
}

/** Takes a beacon in, or throws the problem that refuses it. */
async function take(c: Context<Hono>, now: Ms): Promise<Taken> {
  const admitted = await admit(c, now)
  const { trusted } = admitted
  const userAgent = c.req.header('User-Agent') ?? ''
  if (isbot(userAgent)) return { fate: 'bots' }

  const body = await readText(c.req.raw, MAX_BYTES, 'A beacon')
  const beacon = decode(body)
  if ('error' in beacon) throw badField(beacon.error)
  const lot = await lotOf(beacon.ok, admitted.site, now)
  const site = await siteFor(c, admitted, lot, beacon.ok, now)
  if (!site) return { fate: 'sampled' }
  const named = renamed(beacon.ok, site)
  if (!named) return { fate: 'ignored' }
  const { view, leftOut } = declared(named, site)
  checkWeight(view, site, trusted)
  checkAge(view, site)
  const visitor = () => describe(userAgent, view.touch, countryOf(c, trusted))
  if (c.env.LAKE) {
    const found = { site: site.id, id: lot.id, visitor: visitor(), imported: trusted, now }
    toLake(c, toLakeRow(view, found), body.length, now)
  }

  return { fate: await keepOrLeave(c, view, lot, visitor, { site, trusted, now }), leftOut }
}

/** Where a beacon goes, and when it came. */
interface Arrival {
  site: Site
  trusted: boolean
  now: Ms
}

/** Stores what is drawn and comes in time. */
async function keepOrLeave(
  c: Context<Hono>,
  view: PageView,
  lot: Lot,
  visitor: () => Visitor,
  arrival: Arrival,
): Promise<Fate> {
  const { site, trusted, now } = arrival
  // An open tab reports for as long as it lives. After some hours the page view is settled, so that old roll-ups
  // are, too; a first beacon may come as late as it likes.
  if (view.sequence > 0 && view.age > SETTLED) return 'late'
  // With a queue, what D1 cannot take waits there.
  const least = (since: Ms) => (c.env.QUEUE || trusted ? 1 : spared(databaseOf(c.env, site), now, since))
  const rate = rateOf(view, arrival)
  if (!isKept(lot, Math.max(rate, least(now)))) return 'sampled'
  // If this is a later beacon, its page view may have been left out, or have a row: the database looks.
  const oneIn = Math.max(rate, least(view.sequence > 0 ? now - view.age : now))
  const row = rowFor(c, { ...view, id: lot.id }, visitor(), arrival)
  const again = isAgain(row)
  if (again && !trusted) checkLater(c, site, now)
  const judged = { draw: lot.draw, oneIn, ...(again && { again }), ...(trusted && { imported: true }) }
  const candidate: Candidate = { ...row, ...judged }
  if (c.env.INGEST === 'queue' && (await enqueue(c.env.QUEUE, candidate))) return 'queued'
  return save(c, site, candidate, now)
}

/** The lot of a page view. The begin of a later beacon may seem to lie in another hour than that of its row. */
function lotOf({ id, age, sequence }: PageView, { key, rate, rates }: Site, now: Ms): Promise<Lot> {
  const hour = hourOf(now - age)
  const isSampled = rate > 1 || rates.length > 0
  return drawLot(key, id, hour, sequence > 0 && isSampled ? [hour - 1, hour + 1] : [])
}

/** The site as it is now; null for a beacon that is left out by what the isolate remembers of it. */
async function siteFor(
  c: Context<Hono>,
  { site, fresh }: Admitted,
  lot: Lot,
  { age, sequence }: PageView,
  now: Ms,
): Promise<Site | null> {
  if (fresh) return site
  // Most beacons of a busy site end here, and D1 hears nothing of them. The lake gets them by what the isolate remembers.
  const come = leastToCome(site, now)
  const least = sequence > 0 ? Math.min(come, leastRate(site, now - age, sequence)) : come
  if (!isKept(lot, least)) return c.env.LAKE ? site : null
  const current = await freshSite(c, site.id, now)
  checkOrigin(c, current)
  return current
}

/** The least rate that may judge a beacon: its page view's begin decides, and of a first one the newest, however old it says to be. */
function rateOf({ age, sequence }: PageView, { site, trusted, now }: Arrival): OneIn {
  const known = leastRate(site, now - age, sequence)
  return sequence > 0 || trusted ? known : Math.max(known, leastToCome(site, now))
}

/** Throws where an address has sent more later beacons than it may. */
function checkLater(c: Context<Hono>, site: Site, now: Ms): void {
  if (mayComeAgain(site, addressOf(c.req.header('CF-Connecting-IP')), now)) return
  throw tooMany('Too many later beacons of page views from this address.')
}

/** The row of a page view, cut to the ordinary where its address has sent as many large ones as it may. */
function rowFor(
  c: Context<Hono>,
  view: PageView,
  visitor: Visitor,
  { site, trusted, now }: Arrival,
): PageViewRow {
  const row = toRow(view, visitor, { site: site.id, now })
  const excess = bytesOf(row) - ORDINARY_BYTES
  const address = addressOf(c.req.header('CF-Connecting-IP'))
  const isTaken = excess <= 0 || trusted || mayBeFat(site, address, excess, now)
  const taken = isTaken ? row : slimRow(view, visitor, { site: site.id, now })
  const tells = view.sequence === 0 || trusted || mayTell(site.id, address, view.id, now)
  return tells ? taken : silent(taken)
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

/** What would be deleted at once is not taken. */
function checkAge({ age }: PageView, { rawDays }: Site): void {
  const oldest = rawDays * 24 * HOUR
  if (age <= oldest) return
  throw badField({ field: 'age', detail: `must be at most ${oldest}: raw rows are kept no longer` })
}

/** Stores the row; where D1 refuses or is silent, a queue takes it if one is bound. */
async function save(c: Context<Hono>, site: Site, row: Candidate, now: Ms): Promise<Fate> {
  const { QUEUE } = c.env
  const kept = keep(c.env, site, row, now)
  // A visitor who goes does not take along the page views that are written with this one. And a silent D1 may store it yet:
  // if the queue has it, too, that changes nothing.
  c.executionCtx.waitUntil(kept.catch(() => {}))
  try {
    return await within(D1_TIMEOUT, kept)
  } catch (error) {
    noteRefusal(databaseOf(c.env, site), error, Date.now())
    const refusal = databaseRefused(error)
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

/** Cloudflare's word for where the request came from; an importer says it in the header Cloudflare would set. */
function countryOf(c: Context<Hono>, trusted: boolean): string | null | undefined {
  const said = trusted ? c.req.header('CF-IPCountry') : undefined
  return said ?? (c.req.raw.cf as IncomingRequestCfProperties | undefined)?.country
}
