import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MINUTE, SECOND } from '../../../schema/domain/hour.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import type { PageView } from '../../../schema/wire/pageview.ts'
import { app } from '../../../worker/app.ts'
import { noteRefusal, spared } from '../../../worker/overload.ts'
import { pageView } from '../../kit/pageview.ts'
import { CHROME, ORIGIN, put } from '../../kit/worker/client.ts'

const BUSY = new Error('D1_ERROR', { cause: new Error('D1 DB is overloaded. Requests queued for too long.') })
const NOW = Date.now()

afterEach(() => void vi.restoreAllMocks())

const database = () => ({}) as D1Database

it('halves what is asked by each second with a refusal but the first', () => {
  const d1 = database()
  expect(spared(d1, NOW)).toBe(1)
  noteRefusal(d1, BUSY, NOW)
  expect(spared(d1, NOW)).toBe(1)
  for (let ms = 0; ms < 4 * SECOND; ms += 100) noteRefusal(d1, BUSY, NOW + ms)
  const last = NOW + 3 * SECOND
  expect(spared(d1, last)).toBe(8)
  expect([59, 60, 120, 180].map(seconds => spared(d1, last + seconds * SECOND))).toEqual([8, 4, 2, 1])
  for (let second = 0; second < 100; second++) noteRefusal(d1, BUSY, NOW + second * SECOND)
  expect(spared(d1, NOW + 100 * SECOND)).toBe(256)
  expect(spared(database(), NOW)).toBe(1)
})

it('remembers the fewest that might ask since a moment', () => {
  const d1 = database()
  const refuse = (from: number, times: number) => {
    for (let i = 0; i < times; i++) noteRefusal(d1, BUSY, NOW + (from + i) * SECOND)
  }
  const least = (now: number, since: number) => spared(d1, NOW + now * SECOND, NOW + since * SECOND)
  refuse(0, 6)
  // The sixth at 5 s: 32, 16 at 65 s, 8 at 125 s.
  expect([-10, 5, 64, 65, 125, 400].map(since => least(400, since))).toEqual([32, 32, 32, 16, 8, 1])
  refuse(130, 1)
  expect([5, 65, 125, 130].map(since => least(400, since))).toEqual([32, 16, 16, 16])
  refuse(500, 3)
  expect([5, 130, 400, 600].map(since => least(600, since))).toEqual([32, 16, 4, 2])
  refuse(700, 20)
  expect([5, 600].map(since => least(720, since))).toEqual([256, 256])
})

it('takes a refusal that comes minutes after another for the first', () => {
  const d1 = database()
  noteRefusal(d1, BUSY, NOW)
  noteRefusal(d1, BUSY, NOW + 61 * SECOND)
  expect(spared(d1, NOW + 61 * SECOND)).toBe(1)
  noteRefusal(d1, BUSY, NOW + 63 * SECOND)
  expect(spared(d1, NOW + 63 * SECOND)).toBe(2)
})

it.each([
  ['a row that it can never take', 'D1_ERROR: NOT NULL constraint failed: SQLITE_CONSTRAINT'],
  ['a mistake of ours', 'D1_ERROR: no such column: overloaded: SQLITE_ERROR'],
  ['a site that moves', 'D1_ERROR: fieldline: the site moves to another database: SQLITE_CONSTRAINT'],
  ['a day that is spent', "D1_ERROR: Your account has exceeded D1's free tier daily row write limit."],
])('spares a database nothing for %s', (_, text) => {
  const d1 = database()
  for (let second = 0; second < 5; second++) noteRefusal(d1, new Error(text), NOW + second * SECOND)
  expect(spared(d1, NOW + 5 * SECOND)).toBe(1)
})

/** D1, of which each statement that stores page views is refused while `isBusy`. */
function busy(isBusy: () => boolean): D1Database {
  const refuse = () => Promise.reject(BUSY)
  const isStoring = (text: string) => /into "?pageviews/i.test(text)
  const wrap = (statement: D1PreparedStatement, text: string): D1PreparedStatement =>
    Object.assign(Object.create(statement), {
      text,
      statement,
      bind: (...values: unknown[]) => wrap(statement.bind(...values), text),
      run: () => (isBusy() && isStoring(text) ? refuse() : statement.run()),
      first: (...names: [string]) => statement.first(...names),
      all: () => statement.all(),
    })
  return new Proxy(env.DB, {
    get(d1, name) {
      if (name === 'prepare') return (text: string) => wrap(d1.prepare(text), text)
      if (name === 'batch')
        return (list: (D1PreparedStatement & { text: string; statement: D1PreparedStatement })[]) =>
          isBusy() && list.some(({ text }) => isStoring(text))
            ? refuse()
            : d1.batch(list.map(one => one.statement))
      return Reflect.get(d1, name)
    },
  }) as never
}

/** Sends a page view, a new one if nothing is said of it, and tells the status. */
async function send(
  site: string,
  d1: D1Database,
  queue?: Partial<Queue>,
  view = pageView(),
): Promise<number> {
  const request = new Request(`${ORIGIN}/f?site=${site}`, {
    method: 'POST',
    headers: { Origin: ORIGIN, 'User-Agent': CHROME, 'Content-Type': 'text/plain' },
    body: encode(view),
  })
  const bound = { ...env, DB: d1, QUEUE: queue as typeof env.QUEUE }
  return (await app.fetch(request, bound, createExecutionContext())).status
}

/** In each of five seconds, sends until one has been refused. */
async function overload(site: string, d1: D1Database): Promise<void> {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const clock = vi.spyOn(Date, 'now')
  for (let second = 0; second < 5; second++) {
    clock.mockReturnValue(NOW + second * SECOND)
    const statuses = new Set<number>()
    for (let i = 0; i < 200 && !statuses.has(503); i++) statuses.add(await send(site, d1))
    expect(statuses).toContain(503)
  }
}

it('samples by itself while D1 is overloaded, and says so in the weights', async () => {
  await put('/v1/sites/overloaded', { origins: [ORIGIN] })
  let isBusy = true
  const d1 = busy(() => isBusy)
  await overload('overloaded', d1)
  isBusy = false
  for (let i = 0; i < 320; i++) expect(await send('overloaded', d1)).toBe(204)
  const { results } = await env.DB.prepare(
    "SELECT weight, count(*) AS n FROM pageviews WHERE site = 'overloaded' GROUP BY weight",
  ).all<{ weight: number; n: number }>()
  // Of 320, 20 are expected, and with a chance of 1 in 10 million fewer than 2 or more than 50.
  expect(results.map(({ weight }) => weight)).toEqual([16])
  expect(results[0]?.n).toBeGreaterThanOrEqual(2)
  expect(results[0]?.n).toBeLessThanOrEqual(50)
})

describe('page views of an overload that tell of themselves again', () => {
  const VIEWS = 640
  const total = async (site: string) => {
    const found = env.DB.prepare(
      'SELECT sum(weight) AS n, sum(sequence) AS again FROM pageviews WHERE site = ?',
    )
    return (await found.bind(site).first<{ n: number; again: number }>()) ?? { n: 0, again: 0 }
  }
  /** As the second beacon of each comes so many minutes later. */
  const again = async (site: string, d1: D1Database, views: readonly PageView[], minutes: number) => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(NOW + 5 * SECOND + minutes * MINUTE)
    for (const view of views) {
      const later = { ...view, sequence: 1, age: view.age + minutes * MINUTE }
      expect(await send(site, d1, undefined, later)).toBe(204)
    }
    clock.mockReturnValue(NOW + 5 * SECOND)
  }
  const views = () => Array.from({ length: VIEWS }, () => pageView({ age: SECOND / 2 }))

  it.each([1, 2, 10])('count once, %i minutes later', async minutes => {
    const site = `again-${minutes}`
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    let isBusy = true
    const d1 = busy(() => isBusy)
    await overload(site, d1)
    isBusy = false
    vi.spyOn(Date, 'now').mockReturnValue(NOW + 5 * SECOND)
    const all = views()
    for (const view of all) await send(site, d1, undefined, view)
    const before = await total(site)
    await again(site, d1, all, minutes)
    const after = await total(site)
    expect(after.n).toBe(before.n)
    // Their later beacons came into their rows, but for those that are left out meanwhile.
    if (minutes === 10) expect(after.again).toBe(after.n / 16)
  })

  it('bring their news where their first beacon came before it', async () => {
    await put('/v1/sites/before', { origins: [ORIGIN] })
    let isBusy = false
    const d1 = busy(() => isBusy)
    vi.spyOn(Date, 'now').mockReturnValue(NOW)
    const all = views().slice(0, 40)
    for (const view of all) await send('before', d1, undefined, view)
    isBusy = true
    await overload('before', d1)
    isBusy = false
    await again('before', d1, all, 10)
    expect(await total('before')).toEqual({ n: 40, again: 40 })
  })
})

it('leaves nothing out by itself where a queue takes what D1 refuses', async () => {
  await put('/v1/sites/queued', { origins: [ORIGIN] })
  const d1 = busy(() => true)
  await overload('queued', d1)
  const queue = { send: vi.fn(async () => undefined as never) }
  for (let i = 0; i < 40; i++) expect(await send('queued', d1, queue)).toBe(202)
  expect(queue.send).toHaveBeenCalledTimes(40)
})

it('asks an overloaded D1 seldom for sites that it does not know', async () => {
  await put('/v1/sites/known', { origins: [ORIGIN] })
  const d1 = busy(() => true)
  await overload('known', d1)
  const prepared = vi.spyOn(d1, 'prepare')
  const statuses = await Promise.all(Array.from({ length: 64 }, (_, i) => send(`unknown-${i}`, d1)))
  expect(new Set(statuses)).toEqual(new Set([503, 404]))
  expect(prepared.mock.calls.length).toBeLessThan(32)
})
