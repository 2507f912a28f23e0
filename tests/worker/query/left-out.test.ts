import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SummaryAnswer } from '../../../schema/api/summary.ts'
import type { TimeseriesAnswer } from '../../../schema/api/timeseries.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { OUTCOMES } from '../../../schema/wire/pageview.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { get, ORIGIN, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** Noon of the day before yesterday. */
const NOON = Math.floor(Date.now() / HOUR / 24) * 24 - 36
const DAY = Math.floor(NOON / 24) * 24
const range = `from=${new Date(NOON * HOUR).toISOString()}&to=${new Date((NOON + 1) * HOUR).toISOString()}`

const ABORTED = OUTCOMES.indexOf('aborted')
const calls = (...endpoints: string[]) => {
  const list = endpoints.map(endpoint => [endpoint, 5, 300, 0, 200])
  // Two beacons, so that one page view is met twice.
  return JSON.stringify({ 0: list.slice(0, 2), 1: list.slice(2) })
}
/**
 * A leaves out 10 calls of weight 2, B 5, and C none. D leaves out 3, and the row of D 4 of those that were sent. E leaves out 50, but
 * has no call that was answered.
 */
const VIEWS = [
  { calls: calls('GET /a', 'GET /a', 'GET /a', 'GET /b'), dropped: 10, weight: 2 },
  { calls: calls('GET /b', 'GET /b', 'GET /b'), dropped: 5, country: 'FR' },
  { calls: calls('GET /a', 'GET /c'), dropped: 0, country: 'FR' },
  { calls: calls('GET /b'), dropped: 3, callsCut: 4, country: 'FR' },
  { calls: JSON.stringify({ 0: [['GET /a', 5, 300, ABORTED]] }), dropped: 50 },
]

beforeAll(async () => {
  await put('/v1/sites/chatty', { origins: [ORIGIN] })
  await store(VIEWS.map(view => pageViewRow({ site: 'chatty', hour: NOON, began: NOON * HOUR, ...view })))
})

const ask = (params: string): Promise<SummaryAnswer> => summary(`site=chatty&${range}&metrics=api&${params}`)
const rows = ({ data }: SummaryAnswer) =>
  Object.fromEntries(data.map(({ group, calls_left_out }) => [Object.values(group).join(), calls_left_out]))

describe.each(['live', 'rolled up by the hour', 'rolled up by the day'])('calls left out, %s', phase => {
  beforeAll(async () => {
    if (phase !== 'live') await rollUpHour(env.DB, 'chatty', NOON, Date.now())
    if (phase.endsWith('day')) await rollUpDay(env.DB, 'chatty', DAY, Date.now())
  })

  it('count for all, each page view once', async () => {
    const answer = await ask('')
    expect(answer).toMatchObject({ calls_left_out: 32, data: [{ calls_left_out: 32 }] })
  })

  it('count for each endpoint that page views which left out some called', async () => {
    const answer = await ask('group_by=endpoint')
    expect(answer.calls_left_out).toBe(32)
    expect(rows(answer)).toEqual({ 'GET /a': 20, 'GET /b': 32, 'GET /c': undefined })
    expect((await ask('endpoint=GET /a')).calls_left_out).toBe(20)
    expect((await ask('endpoint=GET /a&country!=US')).calls_left_out).toBe(20)
    expect(rows(await ask('group_by=device,endpoint'))).toMatchObject({ 'desktop,GET /b': 32 })
  })

  it('count where single page views answer', async () => {
    const answer = await ask('group_by=country')
    expect(answer.calls_left_out).toBe(32)
    expect(rows(answer)).toEqual({ DE: 20, FR: 12 })
    expect((await ask('country=FR&group_by=endpoint')).calls_left_out).toBe(12)
    expect((await ask('country!=US')).calls_left_out).toBe(32)
  })

  it('count over time, and for nothing but calls', async () => {
    const response = await get(`/v1/timeseries?site=chatty&${range}&metrics=api&interval=hour`)
    const answer = await response.json<TimeseriesAnswer>()
    expect(answer).toMatchObject({ calls_left_out: 32, data: [{ points: [{ calls_left_out: 32 }] }] })
    const vitals = await summary(`site=chatty&${range}`)
    expect(vitals).not.toHaveProperty('calls_left_out')
    expect(JSON.stringify(vitals.data)).not.toContain('left_out')
  })
})
