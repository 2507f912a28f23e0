import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { SECOND } from '../../../schema/domain/hour.ts'
import { encode } from '../../../schema/wire/beacon.ts'
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

/** Sends a new page view, and tells the status. */
async function send(site: string, d1: D1Database, queue?: Partial<Queue>): Promise<number> {
  const request = new Request(`${ORIGIN}/f?site=${site}`, {
    method: 'POST',
    headers: { Origin: ORIGIN, 'User-Agent': CHROME, 'Content-Type': 'text/plain' },
    body: encode(pageView()),
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
