import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import { MINUTE } from '../../schema/domain/hour.ts'
import schema from '../../schema/lake.json'
import type { LakeField, LakeRow } from '../../schema/storage/lake.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import worker from '../../worker/index.ts'
import { writeDue } from '../../worker/ingest/tally.ts'
import { faultsOf } from '../kit/lake-row.ts'
import { pageView } from '../kit/pageview.ts'
import { admin, CHROME, get, ORIGIN, put, send, storedId } from '../kit/worker/client.ts'

/** tests/kit/stream.js */
interface Stream {
  be(mood: 'well' | 'broken' | 'silent'): Promise<void>
  sends(): Promise<LakeRow[][]>
}
const stream = env.LAKE as unknown as Stream

/** What came of a site. */
async function rowsOf(site: string): Promise<LakeRow[]> {
  return (await stream.sends()).flat().filter(row => row.site === site)
}
/** The same, when so many are there. */
async function arrived(site: string, rows: number): Promise<LakeRow[]> {
  await expect.poll(async () => (await rowsOf(site)).length).toBeGreaterThanOrEqual(rows)
  return rowsOf(site)
}

const stored = (site: string) =>
  env.DB.prepare('SELECT count(*) AS n FROM pageviews WHERE site = ?').bind(site).first<number>('n')

/** Each time later, so that whatever waits in the isolate is due. */
let later = 0
async function delivery(site: string): Promise<DeliveryAnswer> {
  later += 31 * MINUTE
  await writeDue(env, Date.now() + later, 100)
  return (await get(`/v1/delivery?site=${site}&from=-1h`)).json()
}

/** A request with lines of an export. */
const postLines = (path: string, body: string) =>
  exports.default.fetch(`https://rum.example${path}`, { method: 'POST', body, headers: admin })

const key = ({ id, sequence }: Pick<LakeRow, 'id' | 'sequence'>) => `${id} ${sequence}`
const from = (country: string) => ({ ...admin, 'CF-IPCountry': country })

beforeEach(() => stream.be('well'))

describe('the lake', () => {
  it('gets every beacon once, before sampling, as its schema has it', async () => {
    await put('/v1/sites/every', { origins: [ORIGIN], rate: 8 })
    await put('/v1/sites/every/tags', { tags: ['plan'] })
    await put('/v1/sites/every/rules', { rules: [{ kind: 'route', pattern: '/p/:slug' }] })
    const views = Array.from({ length: 40 }, (_, i) =>
      pageView({
        weight: 1 + (i % 3),
        route: '/p/kettle',
        tags: [
          ['plan', 'pro'],
          ['secret', 'x'],
        ],
      }),
    )
    const beacons = views.flatMap(view => [view, { ...view, sequence: 1, age: 900 }])
    for (const beacon of beacons) expect((await send(encode(beacon), {}, 'every')).status).toBe(204)

    const rows = await arrived('every', beacons.length)
    const keys = await Promise.all(
      beacons.map(async ({ id, sequence }) => key({ id: await storedId({ id }, 'every'), sequence })),
    )
    expect(rows.map(key).sort()).toEqual(keys.sort())
    expect(rows.flatMap(row => faultsOf(schema.fields as LakeField[], row))).toEqual([])
    expect(rows.reduce((sum, { weight }) => sum + weight, 0)).toBe(
      beacons.reduce((sum, { weight }) => sum + weight, 0),
    )
    expect(rows[0]).toMatchObject({
      ...{ route: '/p/[slug]', device: 'desktop', browser: 'Chrome', browser_version: 156, os: 'Windows' },
      ...{ lcp: 1200, cls: 0.02, inp: null, tags: '{"plan":"pro"}', errors: [], imported: false },
    })
    for (const { began, arrived, sequence } of rows) expect(arrived - began).toBe(sequence * 900)
    // They came together: a second of beacons is one send.
    expect((await stream.sends()).length).toBeLessThan(beacons.length / 4)
    // And D1 kept its sample.
    expect(await stored('every')).toBeGreaterThan(0)
    expect(await stored('every')).toBeLessThan(views.length / 2)
    expect(await delivery('every')).toMatchObject({ accepted: beacons.length, lake_failed: 0 })
  })

  it('gets what an isolate leaves out without asking D1', async () => {
    await put('/v1/sites/busy', { origins: [ORIGIN] })
    await env.DB.prepare("INSERT INTO rates (site, since, rate) VALUES ('busy', ?, 4096)")
      .bind(Math.floor(Date.now() / 1000 - 3600) * 1000)
      .run()
    for (let i = 0; i < 30; i++) await send(encode(pageView()), {}, 'busy')
    expect(await arrived('busy', 30)).toHaveLength(30)
    expect((await delivery('busy')).sampled_out).toBeGreaterThan(25)
  })

  it('gets large beacons whole, in sends of less than 5 MB', async () => {
    await put('/v1/sites/large', { origins: [ORIGIN] })
    const call = { start: 9, duration: 99, outcome: 'ok', status: 200, ttfb: 90, bytes: 999 } as const
    const calls = Array.from({ length: 64 }, (_, i) => ({
      endpoint: `GET /${'π'.repeat(80)}/${i}`,
      ...call,
      server: null,
    }))
    const beacons = Array.from({ length: 24 }, () => encode(pageView({ calls })))
    for (const beacon of beacons) expect((await send(beacon, {}, 'large')).status).toBe(204)
    const rows = await arrived('large', beacons.length)
    expect(rows.map(({ calls }) => calls.length)).toEqual(beacons.map(() => 64))
    expect(await delivery('large')).toMatchObject({ lake_failed: 0 })
    const bytes = (await stream.sends()).map(rows => new TextEncoder().encode(JSON.stringify(rows)).length)
    expect(Math.max(...bytes)).toBeLessThan(5_000_000 / 5)
  })

  it('gets what the queue takes once', async () => {
    await put('/v1/sites/queued', { origins: [ORIGIN] })
    const view = pageView()
    const context = createExecutionContext()
    const request = new Request('https://rum.example/f?site=queued', {
      method: 'POST',
      body: encode(view),
      headers: { Origin: ORIGIN, 'User-Agent': CHROME },
    })
    const response = await worker.fetch(request, { ...env, INGEST: 'queue' }, context)
    expect(response.status).toBe(202)
    await waitOnExecutionContext(context)
    await expect.poll(() => stored('queued')).toBe(1)
    // Whatever the consumer sent would be there before what comes now.
    await send(encode(pageView({ route: '/later' })), {}, 'queued')
    expect((await arrived('queued', 2)).map(({ route }) => route)).toEqual(['/', '/later'])
  })

  it('tells imports apart, and gets nothing that is refused or restored', async () => {
    await put('/v1/sites/apart', { origins: [ORIGIN], max_weight: 5 })
    await put('/v1/sites/apart/rules', { rules: [{ kind: 'route', pattern: '/ignored', ignore: true }] })
    const give = (view: Partial<PageView>, headers = {}) => send(encode(pageView(view)), headers, 'apart')
    await give({ weight: 500 }, from('FR'))
    expect((await give({ weight: 6 })).status).toBe(400)
    expect((await give({}, { Origin: 'https://other.example' })).status).toBe(403)
    await give({}, { 'User-Agent': 'Googlebot/2.1' })
    await give({ route: '/ignored' })
    // Of a page view that D1 has settled: the lake never has.
    await give({ sequence: 3, age: 3 * 60 * MINUTE })
    const line = (await (await get('/v1/export?site=apart&format=ndjson')).text()).split('\n')[0] ?? ''
    const restored = { ...JSON.parse(line), id: '00000000000000aa' }
    await postLines('/v1/sites/apart/pageviews', JSON.stringify(restored))
    expect(await stored('apart')).toBe(2)
    await give({ route: '/last' })
    const rows = await arrived('apart', 3)
    expect(rows).toMatchObject([
      { imported: true, weight: 500, country: 'FR' },
      { imported: false, sequence: 3 },
      { route: '/last' },
    ])
    expect(rows).toHaveLength(3)
  })
})

describe('a stream in trouble', () => {
  beforeAll(async () => {
    for (const site of ['broken', 'silent']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  })

  it('that refuses costs no beacon its answer or its row, is counted, and logged once', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await stream.be('broken')
    const give = async () => expect((await send(encode(pageView()), {}, 'broken')).status).toBe(204)
    await give()
    await give()
    await expect.poll(async () => (await delivery('broken')).lake_failed).toBe(2)
    await give()
    await expect.poll(async () => (await delivery('broken')).lake_failed).toBe(3)
    expect(await delivery('broken')).toMatchObject({ accepted: 3, stored: 3, failed: 0 })
    const logged = log.mock.calls.filter(([what]) => String(what).includes('the lake'))
    expect(logged).toHaveLength(1)
    expect(String(logged[0]?.[1])).toContain('The stream is broken.')
    log.mockRestore()

    await stream.be('well')
    await give()
    expect(await arrived('broken', 1)).toHaveLength(1)
  })

  it('that never answers holds up no beacon, and is counted after 5 s', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await stream.be('silent')
    expect((await send(encode(pageView()), {}, 'silent')).status).toBe(204)
    expect(await stored('silent')).toBe(1)
    expect((await delivery('silent')).lake_failed).toBe(0)
    await expect.poll(async () => (await delivery('silent')).lake_failed).toBe(1)
    log.mockRestore()
  })
})
