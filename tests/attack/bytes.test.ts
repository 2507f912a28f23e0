/**
 * Beacons as large as are taken, thousands of them: what they do to the database and to the sampling of everybody.
 */

import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { ApiCall, PageView } from '../../schema/wire/pageview.ts'
import { type MinuteTraffic, neededRate } from '../../worker/ingest/control.ts'
import { mayBeFat } from '../../worker/ingest/limit.ts'
import { bytesOf, ORDINARY_BYTES, slim } from '../../worker/ingest/size.ts'
import { MAX_ITEMS } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { get, ORIGIN, put, send, storedId } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

/** The defaults of a site. */
const SITE = { id: 'x', rate: 1, rowsPerDay: 25_000, bytesPerDay: 11_000_000 }
const call = (i: number, name = 'a'): ApiCall => ({
  endpoint: `GET /api/${name.repeat(190)}/${i}`,
  start: i,
  duration: 20,
  outcome: 'ok',
  status: 200,
  ttfb: null,
  bytes: null,
  server: null,
})
const calls = (n: number, from = 0) => Array.from({ length: n }, (_, i) => call(from + i))
const FAT = pageView({ calls: calls(64), server: [['\u{1f600}'.repeat(16), 1]] })
/** Sends a page view from an address. */
const from = (address: string, view: PageView) => send(encode(view), { 'CF-Connecting-IP': address })

const rowOf = async (view: { id: string }) =>
  env.DB.prepare('SELECT * FROM pageviews WHERE id = ?1')
    .bind(await storedId(view))
    .first<{
      calls: string
      marks: string
      server: string | null
      calls_cut: number
      marks_cut: number
      dropped: number
    }>()

beforeAll(() => put('/v1/sites/shop', { origins: [ORIGIN], rows_per_day: 1_000_000 }))

describe('fat rows of one address', () => {
  it('take a quarter of an hour’s bytes, then become ordinary, and count what is cut', async () => {
    expect(new TextEncoder().encode(encode(FAT)).byteLength).toBeGreaterThan(14_000)
    const views = Array.from({ length: 12 }, () => ({ ...FAT, id: newId() }))
    for (const view of views) expect((await from('198.51.100.9', view)).status).toBe(204)
    const rows = await Promise.all(views.map(rowOf))
    const whole = rows.filter(row => row?.calls_cut === 0)
    const cut = rows.filter(row => (row?.calls_cut ?? 0) > 0)
    // 11 MB a day are 458,333 bytes an hour; a fat row is some 17,000 beyond the ordinary.
    expect(whole.length).toBeGreaterThanOrEqual(5)
    expect(whole.length).toBeLessThanOrEqual(7)
    expect(whole.length + cut.length).toBe(12)
    for (const row of cut) {
      const kept: unknown[] = Object.values<unknown[]>(JSON.parse(row?.calls ?? '{}'))[0] ?? []
      expect(kept.length + (row?.calls_cut ?? 0)).toBe(64)
      expect(row?.calls.length).toBeLessThan(400)
      expect(row?.server).toBeNull()
    }
    // Another address has a share of its own, and an ordinary page view is never cut.
    const [other, ordinary] = [{ ...FAT, id: newId() }, pageView({ calls: calls(1) })]
    await from('198.51.100.10', other)
    await from('198.51.100.9', ordinary)
    expect([await rowOf(other), await rowOf(ordinary)]).toMatchObject([{ calls_cut: 0 }, { calls_cut: 0 }])
  }, 60_000)

  it('say in answers what was cut, once, also where a beacon comes twice', async () => {
    const view = { ...FAT, id: newId(), dropped: 5, route: '/cut' }
    for (const _ of [1, 2]) await from('198.51.100.9', view)
    const answer: { data: { calls: unknown[]; calls_dropped: number }[] } = await (
      await get('/v1/pageviews?site=shop&from=-1h&order=newest&limit=50&route=/cut')
    ).json()
    const [found] = answer.data
    expect((found?.calls.length ?? 0) + (found?.calls_dropped ?? 0)).toBe(64 + 5)
  })
})

describe('the sampling rate of a site', () => {
  const minutes = (perMinute: number, bytes: number, n: number): MinuteTraffic[] =>
    Array.from({ length: n }, (_, i) => ({
      minute: 1_000 * 60 + i,
      seen: perMinute,
      stored: perMinute,
      bytes: perMinute * bytes,
    }))
  const at = 1_000 * HOUR + 10 * 60_000

  it('follows bytes as it follows rows', () => {
    expect(neededRate(SITE, minutes(10, 600, 10), at)).toBe(1)
    expect(neededRate({ ...SITE, rowsPerDay: 1e8 }, minutes(100, 600, 10), at)).toBeGreaterThanOrEqual(8)
    expect(neededRate({ ...SITE, bytesPerDay: 1e10 }, minutes(10, 600, 10), at)).toBe(1)
  })

  it('rises under fat rows at most 8 times as much as under as many thin ones', () => {
    // 300 beacons a minute of one address: fat ones while its share lasts, then at most 2,000 bytes each.
    const { bytesPerDay } = SITE
    const share = bytesPerDay / 24 / 4
    const thin = neededRate(SITE, minutes(300, 300, 10), at)
    const slimmed = minutes(300, 2_000, 10).map((minute, i) =>
      i ? minute : { ...minute, bytes: minute.bytes + share },
    )
    const before = minutes(300, 17_000, 10)
    expect(neededRate(SITE, slimmed, at) / thin).toBeLessThanOrEqual(8)
    expect(neededRate(SITE, before, at) / thin).toBeGreaterThanOrEqual(32)
  })
})

describe('the size of a row', () => {
  it('cut down is at most 2,000 bytes, whatever was sent', () => {
    const long = 'ж'.repeat(200)
    const marks = Array.from({ length: 32 }, (_, i) => ({ name: 'm'.repeat(60) + i, value: 600_000 }))
    const { view } = slim({ ...FAT, route: long, release: long.slice(0, 64), marks })
    const text = {
      route: view.route,
      release: view.release,
      calls: JSON.stringify(view.calls.map(Object.values)),
    }
    expect(
      bytesOf(pageViewRow({ ...text, marks: JSON.stringify(view.marks.map(Object.values)) })),
    ).toBeLessThan(2_000)
    expect(bytesOf(pageViewRow())).toBeLessThan(ORDINARY_BYTES)
  })

  it('of an address’s share begins anew with the hour', () => {
    expect(mayBeFat(SITE, '192.0.2.9', 114_000, 5 * HOUR)).toBe(true)
    expect(mayBeFat(SITE, '192.0.2.9', 1_000, 5 * HOUR)).toBe(false)
    expect(mayBeFat(SITE, '192.0.2.9', 1_000, 6 * HOUR)).toBe(true)
    expect(mayBeFat(SITE, null, 1e9, 6 * HOUR)).toBe(true)
  })
})

describe('one page view', () => {
  const beacon = (id: string, sequence: number, n: number) =>
    pageViewRow({
      id,
      sequence,
      received: 2 ** sequence,
      calls: JSON.stringify({
        [sequence]: Array.from({ length: n }, (_, i) => [`GET /${sequence}/${i}`, i, 1, 0]),
      }),
      marks: JSON.stringify({ [sequence]: Array.from({ length: n }, (_, i) => [`m${sequence}.${i}`, i]) }),
    })
  const read = async (id: string) => {
    const row = await env.DB.prepare('SELECT calls, marks, calls_cut, marks_cut FROM pageviews WHERE id = ?1')
      .bind(id)
      .first<{ calls: string; marks: string; calls_cut: number; marks_cut: number }>()
    const count = (json = '{}') => Object.values<unknown[]>(JSON.parse(json)).flat().length
    return { calls: count(row?.calls), marks: count(row?.marks), cut: [row?.calls_cut, row?.marks_cut] }
  }

  it('keeps 64 calls and 256 marks of all its beacons, and counts the rest', async () => {
    const id = newId()
    for (const sequence of [0, 1, 2, 3]) await store([beacon(id, sequence, 60)])
    expect(await read(id)).toEqual({ calls: MAX_ITEMS.calls, marks: 240, cut: [176, 0] })
    await store([beacon(id, 4, 60)])
    const kept = { calls: MAX_ITEMS.calls, marks: MAX_ITEMS.marks }
    expect(await read(id)).toEqual({ ...kept, cut: [236, 44] })
    // Again, and again out of order: nothing changes.
    for (const sequence of [4, 2, 4]) await store([beacon(id, sequence, 60)])
    expect(await read(id)).toEqual({ ...kept, cut: [236, 44] })
    const { meta } = await store([beacon(id, 5, 60)])
    expect(await read(id)).toEqual({ ...kept, cut: [296, 104] })
    expect(meta.rows_written).toBe(1)
  })
})
