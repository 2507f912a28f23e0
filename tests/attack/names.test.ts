/**
 * Invented names against those of a site: an hour and a day keep the largest.
 */

import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageErrors } from '../../schema/wire/pageview.ts'
import { rollUpDay, rollUpHour } from '../../worker/histogram/rollup.ts'
import { pageView } from '../kit/pageview.ts'
import { ORIGIN, put, send, sendViews } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

/** The first hour of a whole day that is over. */
const HOUR_OF_DAY = Math.floor(Date.now() / HOUR / 24 - 2) * 24
const BEGAN = HOUR_OF_DAY * HOUR
const REAL = 4

const view = (names: { name: string; calls: string[]; errors: string[]; weight: number }) => {
  const { name, calls, errors, weight } = names
  const found: PageErrors = {
    count: errors.length,
    list: errors.map(message => ({ kind: 'error', message, script: '', line: 0, column: 0, count: 1 })),
  }
  return pageView({
    age: Date.now() - BEGAN - HOUR / 2,
    weight,
    route: `/${name}`,
    release: name,
    tags: [['plan', name]],
    marks: [{ name, value: 1 }],
    errors: found,
    calls: calls.map(endpoint => ({
      endpoint,
      start: 1,
      duration: 10,
      outcome: 'ok',
      status: 200,
      ttfb: null,
      bytes: null,
      server: null,
    })),
  })
}
const letters = (i: number) => i.toString(26).replace(/\d/g, digit => 'qrstuvwxyz'[Number(digit)] ?? '')

/** The names of the site itself that its roll-ups keep, of one device and of all. */
async function own(tier: 'hour' | 'day', table: string, dimension: string): Promise<number> {
  const rows = env.DB.prepare(
    `SELECT count(*) AS n FROM ${table} WHERE site = 'shop' AND tier = ?1 AND start = ?2 AND dimension = ?3 AND value LIKE '%real%'`,
  )
  return (await rows.bind(tier, HOUR_OF_DAY, dimension).first<number>('n')) ?? 0
}

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN] })
  await put('/v1/sites/shop/tags', { tags: ['plan'] })
  // Each name in six page views.
  await sendViews(
    Array.from({ length: 6 * REAL }, (_, i) => {
      const name = `real${'abcd'[i % REAL]}`
      return view({ name, calls: [`GET /${name}`], errors: [`Error: ${name}`], weight: 1 })
    }),
  )
  // As many names as there is room for, each twice, by page views that claim to stand for ten. Calls and errors go 64 and 8 to a beacon.
  for (let i = 0; i < 402; i++) {
    const forged = view({
      name: `x${letters(i % 201)}`,
      calls: i < 6 ? Array.from({ length: 64 }, (_, k) => `GET /${letters((i % 3) * 64 + k)}`) : [],
      errors: i < 16 ? Array.from({ length: 8 }, (_, k) => `Error: x${letters((i % 8) * 8 + k)}`) : [],
      weight: 10,
    })
    const address = `203.0.113.${i % 200}`
    expect((await send(encode(forged), { 'CF-Connecting-IP': address })).status).toBe(204)
  }
})

describe('two beacons a name that claim to stand for ten page views each', () => {
  beforeAll(async () => {
    const now = Date.now()
    for (let hour = HOUR_OF_DAY; hour < HOUR_OF_DAY + 24; hour++)
      await rollUpHour(env.DB, 'shop', hour, now, ['tag:plan'], 35)
    await rollUpDay(env.DB, 'shop', HOUR_OF_DAY, now, ['tag:plan'])
  })

  it.each(
    (['hour', 'day'] as const).flatMap(tier => [
      [tier, 'rollups', 'route'] as const,
      [tier, 'rollups', 'device+route'] as const,
      [tier, 'rollups', 'release'] as const,
      [tier, 'rollups', 'tag:plan'] as const,
      [tier, 'api_rollups', 'endpoint'] as const,
      [tier, 'measure_rollups', 'mark'] as const,
      [tier, 'error_rollups', 'error'] as const,
    ]),
  )('push no name that six page views have out of the %s (%s: %s)', async (tier, table, dimension) => {
    expect(await own(tier, table, dimension)).toBe(REAL)
  })
})

describe('an hour of nothing but invented names', () => {
  it('has no more rows than SECURITY.md says, however many names there are', async () => {
    const hour = HOUR_OF_DAY + 5
    const devices = ['phone', 'desktop', 'tablet'] as const
    for (let i = 0; i < 1_000; i += 100) {
      const rows = Array.from({ length: 100 }, (_, k) => {
        const n = i + k
        const calls = Array.from({ length: 20 }, (_, j) => [
          `GET /${letters((n * 20 + j) % 400)}`,
          1,
          10,
          0,
          200,
        ])
        return pageViewRow({
          site: 'shop',
          hour,
          began: hour * HOUR,
          device: devices[n % 3] ?? 'phone',
          route: `/${letters(n)}`,
          release: letters(n),
          connection: (['4g', '3g', '2g', 'slow-2g'] as const)[n % 4] ?? null,
          tags: JSON.stringify({ plan: letters(n) }),
          calls: JSON.stringify({ 0: calls }),
          marks: JSON.stringify({ 0: [[`m${n % 200}`, 1]] }),
          errors: 1,
          errorList: JSON.stringify([['error', `Error: ${letters(n)}`, '', 0, 0, 1]]),
        })
      })
      await store(rows)
    }
    const receipts = await rollUpHour(env.DB, 'shop', hour, Date.now(), ['tag:plan'])
    const written = receipts.reduce((sum, { meta }) => sum + meta.rows_written, 0)
    expect(env.SECURITY).toContain(`An hour then has ${written.toLocaleString('en-US')} rows`)
  }, 60_000)
})

describe('20 beacons of invented names in an hour of 300 page views', () => {
  const [VIEWS, NAMES, BEACONS] = [300, 100, 20]
  const hour = HOUR_OF_DAY + 6
  /** A site's names as they are: the first is called as often as the next two together. */
  const shares = Array.from({ length: NAMES }, (_, i) => 1 / (i + 1))
  const total = shares.reduce((sum, share) => sum + share, 0)
  const upTo = shares.map((_, i) => shares.slice(0, i + 1).reduce((sum, share) => sum + share, 0) / total)
  const nameAt = (x: number): number => upTo.findIndex(share => x < share)
  const own = async (site: string, table: string, dimension: string) => {
    const found = env.DB.prepare(
      `SELECT count(*) AS n FROM ${table} WHERE site = ? AND tier = 'hour' AND start = ? AND dimension = ? AND value LIKE '%own%'`,
    )
    return (await found.bind(site, hour, dimension).first<number>('n')) ?? 0
  }
  const rowOf = (site: string, kind: 'calls' | 'marks', names: readonly string[]) => {
    const items = names.map(name => (kind === 'calls' ? [`GET /${name}`, 1, 10, 0, 200] : [name, 1]))
    return pageViewRow({ site, hour, began: hour * HOUR, [kind]: JSON.stringify({ 0: items }) })
  }

  it.each([
    ['calls', 'endpoints', 'api_rollups', 'endpoint', 10, 64, 50, 10],
    ['marks', 'names of marks', 'measure_rollups', 'mark', 3, 32, 25, 8],
  ] as const)(
    'push out no more of its own than SECURITY.md says (%s)',
    async (kind, noun, table, dimension, each, most, invented, before) => {
      const site = `hour-${kind}`
      const cap = 2 * invented
      const honest = Array.from({ length: VIEWS }, (_, i) => {
        const places = Array.from({ length: each }, (_, k) => ((i * each + k) * 0.618033988749895) % 1)
        return rowOf(
          site,
          kind,
          places.map(x => `own${letters(nameAt(x) % cap)}`),
        )
      })
      for (let i = 0; i < VIEWS; i += 100) await store(honest.slice(i, i + 100))
      await rollUpHour(env.DB, site, hour, Date.now())
      expect(await own(site, table, dimension)).toBe(cap)
      let beacons = 0
      const forge = async (n: number) => {
        const rows = Array.from({ length: n }, (_, i) => {
          const names = Array.from(
            { length: most },
            (_, k) => `x${letters(((beacons + i) * most + k) % invented)}`,
          )
          return rowOf(site, kind, names)
        })
        await store(rows)
        beacons += n
        await rollUpHour(env.DB, site, hour, Date.now())
        return own(site, table, dimension)
      }
      let left = await forge(BEACONS)
      expect(left).toBe(cap)
      while (left > invented) left = await forge(10)
      expect(env.SECURITY).toContain(
        `| beacons that put half of an hour's ${cap} ${noun} into \`(other)\`, of 300 page views with ${each} ${kind} | ${before} | ${beacons} |`,
      )
    },
  )
})
