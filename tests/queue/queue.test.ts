import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import type { Env } from '../../worker/env.ts'
import worker from '../../worker/index.ts'
import { retryDelay } from '../../worker/ingest/queue.ts'
import { pageView } from '../kit/pageview.ts'
import { CHROME, ORIGIN, put, storedId } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

/** The messages with which D1 turns work away: developers.cloudflare.com/d1/observability/debug-d1 */
const REFUSALS = [
  'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
  'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  'D1_ERROR: Network connection lost.',
  'D1_ERROR: D1 DB reset because its code was updated.',
  'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
]

/** A database that does the same whatever it is asked. */
function doing(what: () => Promise<unknown>): D1Database {
  const statement = { bind: () => statement, first: what, all: what, run: what, raw: what }
  return { prepare: () => statement, batch: what } as unknown as D1Database
}

/** The real D1, but writes of page views, alone or with others, do what `fail` says first. */
function troubled(fail: () => Promise<void>): D1Database {
  const wrapped = new WeakSet<D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        if (name === 'run') return () => fail().then(() => target.run())
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    wrapped.add(proxy)
    return proxy
  }
  return new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') {
        return (text: string) => {
          const statement = target.prepare(text)
          return /^insert into .?pageviews/i.test(text) ? wrap(statement) : statement
        }
      }
      if (name === 'batch') {
        return async (list: D1PreparedStatement[]) => {
          if (list.some(statement => wrapped.has(statement))) await fail()
          return target.batch(list)
        }
      }
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Sends a beacon to the worker with other bindings, and waits for what it goes on doing after the answer. */
async function send(
  view: PageView,
  bindings: Partial<Env>,
  site = 'shop',
): Promise<{ status: number; settled: Promise<void> }> {
  const context = createExecutionContext()
  const request = new Request(`https://rum.example/f?site=${site}`, {
    method: 'POST',
    body: encode(view),
    headers: { Origin: ORIGIN, 'User-Agent': CHROME, 'Content-Type': 'text/plain' },
  })
  const response = await worker.fetch(request, { ...env, ...bindings }, context)
  return { status: response.status, settled: waitOnExecutionContext(context) }
}

const rows = (id: string) => env.DB.prepare('SELECT * FROM pageviews WHERE id = ?').bind(id).all()
/** What is stored of a page view that was sent. */
const rowsOf = async (view: PageView) => rows(await storedId(view))
const arrival = (view: PageView) =>
  expect.poll(async () => (await rowsOf(view)).results.length, { timeout: 10_000, interval: 50 }).toBe(1)

beforeAll(() => put('/v1/sites/shop', { origins: [ORIGIN] }))

describe('with INGEST=queue', () => {
  it('accepts, delivers and stores a beacon', async () => {
    const sent = pageView()
    const { status } = await send(sent, { INGEST: 'queue' })
    expect(status).toBe(202)
    await arrival(sent)
  })

  it('makes one statement of a hundred beacons', async () => {
    const batch = createMessageBatch<PageViewRow>(
      'beacons',
      Array.from({ length: 100 }, (_, i) => ({
        id: String(i),
        timestamp: new Date(),
        attempts: 1,
        body: pageViewRow(),
      })),
    )
    let statements = 0
    const counted = troubled(async () => {
      statements++
    })
    const context = createExecutionContext()
    await worker.queue(batch, { ...env, DB: counted })
    const result = await getQueueResult(batch, context)
    expect(result.ackAll).toBe(true)
    expect(statements).toBe(1)
  })

  it('stores a batch, and acknowledges it, if counting fails', async () => {
    // So small a budget that each row or two are counted.
    await put('/v1/sites/uncounted', { origins: [ORIGIN], rows_per_day: 240 })
    await env.DB.exec(
      `CREATE TRIGGER uncounted BEFORE INSERT ON traffic WHEN NEW.site = 'uncounted' BEGIN SELECT RAISE(ABORT, 'no room'); END`,
    )
    const bodies = Array.from({ length: 9 }, () => pageViewRow({ site: 'uncounted' }))
    const batch = createMessageBatch<PageViewRow>(
      'beacons',
      bodies.map((body, i) => ({ id: String(i), timestamp: new Date(), attempts: 1, body })),
    )
    const context = createExecutionContext()
    await worker.queue(batch, env)
    await env.DB.exec('DROP TRIGGER uncounted')
    expect((await getQueueResult(batch, context)).ackAll).toBe(true)
    for (const { id } of bodies) expect((await rows(id)).results).toHaveLength(1)
  })

  it('makes one row of two beacons in a batch, even across an hour’s end', async () => {
    const hour = 470_000
    const first = pageViewRow({ hour, began: hour * 3_600_000 })
    const second = { ...first, hour: hour - 1, began: first.began - 3, sequence: 1, inp: 77 }
    const batch = createMessageBatch<PageViewRow>('beacons', [
      { id: 'a', timestamp: new Date(), attempts: 1, body: first },
      { id: 'b', timestamp: new Date(), attempts: 1, body: second },
      { id: 'b-again', timestamp: new Date(), attempts: 2, body: second },
    ])
    await worker.queue(batch, env)
    expect((await rows(first.id)).results).toMatchObject([{ hour, sequence: 1, inp: 77 }])
  })

  it('a row that D1 can never take holds up no other', async () => {
    const [good, bad] = [pageViewRow(), { ...pageViewRow(), route: null as unknown as string }]
    const batch = createMessageBatch<PageViewRow>('beacons', [
      { id: 'bad', timestamp: new Date(), attempts: 3, body: bad },
      { id: 'good', timestamp: new Date(), attempts: 1, body: good },
    ])
    const context = createExecutionContext()
    await worker.queue(batch, env)
    const result = await getQueueResult(batch, context)
    expect(result.explicitAcks).toEqual(['good'])
    expect(result.retryMessages).toEqual([{ msgId: 'bad' }])
    expect((await rows(good.id)).results).toHaveLength(1)
  })

  it('a batch that D1 refuses comes again, later each time, and makes one row', async () => {
    const row = pageViewRow()
    expect([1, 2, 3, 12].map(retryDelay)).toEqual([5, 10, 20, 600])
    for (const attempts of [1, 2, 3]) {
      const batch = createMessageBatch<PageViewRow>('beacons', [
        { id: 'x', timestamp: new Date(), attempts, body: row },
      ])
      const context = createExecutionContext()
      const refuse = troubled(() => Promise.reject(new Error(REFUSALS[0])))
      await worker.queue(batch, { ...env, DB: refuse })
      expect((await getQueueResult(batch, context)).retryMessages).toEqual([{ msgId: 'x' }])
    }
    for (let delivery = 0; delivery < 2; delivery++) {
      const batch = createMessageBatch<PageViewRow>('beacons', [
        { id: 'x', timestamp: new Date(), attempts: 5, body: row },
      ])
      await worker.queue(batch, env)
    }
    expect((await rows(row.id)).results).toHaveLength(1)
  })
})

describe('with a queue bound and INGEST=direct', () => {
  it('an ordinary beacon goes to D1 at once', async () => {
    const sent = pageView()
    expect((await send(sent, {})).status).toBe(204)
    expect((await rowsOf(sent)).results).toHaveLength(1)
  })

  it.each(REFUSALS)('what D1 refuses with "%s" is delivered through the queue', async message => {
    const sent = pageView()
    const { status } = await send(sent, { DB: troubled(() => Promise.reject(new Error(message))) })
    expect(status).toBe(202)
    await arrival(sent)
  })

  it('queues what D1 keeps waiting for two seconds, and stores one row in the end', async () => {
    const sent = pageView()
    const stall = Promise.withResolvers<void>()
    const started = Date.now()
    const { status, settled } = await send(sent, { DB: troubled(() => stall.promise) })
    expect(status).toBe(202)
    expect(Date.now() - started).toBeGreaterThanOrEqual(2_000)
    await arrival(sent)
    stall.resolve()
    await settled
    expect((await rowsOf(sent)).results).toHaveLength(1)
  })
})

describe('a queue that takes nothing', () => {
  const QUEUE = {
    ...env.QUEUE,
    send: () => Promise.reject(new Error('queue down')),
  } as unknown as Queue<PageViewRow>

  it('leaves the beacon to D1, with INGEST=queue', async () => {
    const sent = pageView()
    expect((await send(sent, { QUEUE, INGEST: 'queue' })).status).toBe(204)
    expect((await rowsOf(sent)).results).toHaveLength(1)
  })

  it('and a D1 that keeps waiting are a 503, though D1 may finish later', async () => {
    const sent = pageView()
    const stall = Promise.withResolvers<void>()
    const { status, settled } = await send(sent, { QUEUE, DB: troubled(() => stall.promise) })
    expect(status).toBe(503)
    stall.resolve()
    await settled
    expect((await rowsOf(sent)).results).toHaveLength(1)
  })

  it('and a D1 that refuses are a 503', async () => {
    const refuse = troubled(() => Promise.reject(new Error(REFUSALS[0])))
    expect((await send(pageView(), { QUEUE, DB: refuse })).status).toBe(503)
  })
})

describe('a D1 that refuses everything', () => {
  const down = (site: string) => send(pageView(), { DB: refusing }, site)
  const refusing = doing(() => Promise.reject(new Error(REFUSALS[0])))

  it('loses no beacon of a site that was known before', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    try {
      expect((await send(pageView(), {})).status).toBe(204)
      vi.setSystemTime(Date.now() + 60_000)
      expect((await down('shop')).status).toBe(202)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is a 503 for a site that was not', async () => {
    expect((await down('never-seen')).status).toBe(503)
  })
})

describe('a queued beacon of a site that was deleted', () => {
  it('makes no row, which nothing would ever remove', async () => {
    const [lost, kept] = [pageViewRow({ site: 'deleted-long-ago' }), pageViewRow()]
    const batch = createMessageBatch<PageViewRow>('beacons', [
      { id: 'lost', timestamp: new Date(), attempts: 9, body: lost },
      { id: 'kept', timestamp: new Date(), attempts: 1, body: kept },
    ])
    await worker.queue(batch, env)
    expect((await getQueueResult(batch, createExecutionContext())).ackAll).toBe(true)
    expect((await rows(lost.id)).results).toEqual([])
    expect((await rows(kept.id)).results).toHaveLength(1)
  })
})

describe('without a queue', () => {
  const { QUEUE: _, ...bare } = env as Env

  it('what D1 refuses is a 503 that says when to come back', async () => {
    const context = createExecutionContext()
    const request = new Request('https://rum.example/f?site=shop', {
      method: 'POST',
      body: encode(pageView()),
      headers: { Origin: ORIGIN, 'User-Agent': CHROME },
    })
    const refuse = troubled(() => Promise.reject(new Error(REFUSALS[0])))
    const response = await worker.fetch(request, { ...bare, DB: refuse }, context)
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('10')
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  })

  it('what D1 keeps waiting is a 503 after two seconds, which the next beacon heals', async () => {
    const call = ['GET /a', 1, 2, 'ok', 200, null, null, []]
    const body = { ...JSON.parse(encode(pageView())), calls: [call] }
    const view = { id: String(body.id) }
    const post = async (sent: object, DB: D1Database) => {
      const context = createExecutionContext()
      const request = new Request('https://rum.example/f?site=shop', {
        method: 'POST',
        body: JSON.stringify(sent),
        headers: { Origin: ORIGIN, 'User-Agent': CHROME },
      })
      return { response: await worker.fetch(request, { ...bare, DB }, context), context }
    }
    const stall = Promise.withResolvers<void>()
    const started = Date.now()
    const lost = await post(
      body,
      troubled(() => stall.promise),
    )
    expect(lost.response.status).toBe(503)
    expect(lost.response.headers.get('Retry-After')).toBe('10')
    expect(Date.now() - started).toBeGreaterThanOrEqual(2_000)
    // Its write never came through.
    stall.reject(new Error(REFUSALS[4]))
    await waitOnExecutionContext(lost.context)
    const key = await storedId(view)
    expect((await rows(key)).results).toEqual([])

    const next = await post({ ...body, sequence: 1, calls: [] }, env.DB)
    expect(next.response.status).toBe(204)
    // The vitals are there; the calls of the lost beacon are not, and its bit says that it was sent.
    expect((await rows(key)).results).toMatchObject([
      { lcp: 1200, fcp: 800, calls: '{}', sequence: 1, received: 2 },
    ])
  })

  it('a D1 that does not say whose the beacon is keeps nobody waiting for longer', async () => {
    const silent = doing(() => new Promise(() => {}))
    const context = createExecutionContext()
    const request = new Request('https://rum.example/f?site=never-heard-of', {
      method: 'POST',
      body: encode(pageView()),
      headers: { Origin: ORIGIN, 'User-Agent': CHROME },
    })
    expect((await worker.fetch(request, { ...bare, DB: silent }, context)).status).toBe(503)
  })
})
