/**
 * One address against a site's budget of rows: beacons that no sampling rate would thin out. Storing takes longer than leaving out, so
 * a stranger with a clock knows which of his beacons are stored. Here the answer of the worker tells him.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DAY, hourOf, MINUTE } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import worker from '../../worker/index.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { CHROME, ORIGIN, put, storedId } from '../kit/worker/client.ts'

/** The beginning of an hour, in a day that is over. */
const NOON = Math.floor(Date.now() / DAY - 1) * DAY + DAY / 2
/** Beacons that one address may send in a minute. */
const PACE = 310
const MINUTES = 7
/** A thousand rows an hour. */
const BUDGET = { rows_per_day: 24_000 }

let now = NOON

type Sent = { id: string; sequence?: number; age?: number }

/** Sends a beacon to the worker without Cloudflare's limit, whose clock cannot be set. */
async function post(site: string, view: Sent): Promise<void> {
  const context = createExecutionContext()
  const { BEACON_LIMIT: _, ...bindings } = env
  const headers = { Origin: ORIGIN, 'User-Agent': CHROME, 'CF-Connecting-IP': '203.0.113.9' }
  const body = encode(pageView(view))
  const request = new Request(`https://rum.example/f?site=${site}`, { method: 'POST', body, headers })
  await worker.fetch(request, bindings, context)
  await waitOnExecutionContext(context)
}

/** What comes of `MINUTES` at that pace: the rows of the site, and its highest sampling rate. */
async function attack(site: string, next: () => Sent, told = async (_: Sent) => {}) {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN], ...BUDGET })
  for (let i = 0; i < MINUTES * PACE; i++) {
    now = NOON + Math.round((i / PACE) * MINUTE)
    const sent = next()
    await post(site, sent)
    await told(sent)
  }
  const count = (sql: string) => env.DB.prepare(sql).bind(site).first<number>('n')
  return {
    rows: await count('SELECT count(*) AS n FROM pageviews WHERE site = ?'),
    rate: await count('SELECT coalesce(max(rate), 1) AS n FROM rates WHERE site = ?'),
  }
}

beforeEach(() => {
  now = NOON
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

describe('2,170 beacons of one address within seven minutes', () => {
  it('of page views that began days ago are sampled like those of now', async () => {
    // All were stored, and the rate rose to 256 for the others.
    const { rows, rate } = await attack('old', () => ({ id: newId(), age: 3 * DAY }))
    expect(rows).toBeLessThan(800)
    expect(rate).toBeLessThanOrEqual(32)
  }, 240_000)

  it('of page views known to be kept raise the rate no higher than new ones', async () => {
    const stored: Required<Pick<Sent, 'id' | 'sequence'>>[] = []
    let n = 0
    const { rate } = await attack(
      'later',
      () => {
        const last = stored.at(-1)
        if (!last || n++ % 4 === 0) return { id: newId(), sequence: 0 }
        last.sequence++
        return last
      },
      async ({ id, sequence = 0 }) => {
        const row = env.DB.prepare(
          "SELECT sequence FROM pageviews WHERE site = 'later' AND hour = ? AND id = ?",
        )
        const found = await row.bind(hourOf(NOON), await storedId({ id }, 'later')).first<number>('sequence')
        if (sequence === 0 && found !== null) stored.unshift({ id, sequence })
        if (sequence > 0 && found !== sequence) stored.pop()
      },
    )
    // It was 4,096 after eight minutes, and 1,048,576 after three quarters of an hour.
    expect(rate).toBeLessThanOrEqual(64)
  }, 240_000)
})
