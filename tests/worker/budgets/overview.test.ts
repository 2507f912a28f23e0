import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { OverviewAnswer } from '../../../schema/api/overview.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { overview } from '../../../worker/budgets/overview.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { admin, get, ORIGIN, put, summary } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const HERE = Math.floor(Date.now() / HOUR)

const post = (path: string, body: unknown) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify(body),
  })

beforeAll(async () => {
  for (const site of ['alpha', 'beta', 'empty']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  for (const hour of [HERE - 30, HERE - 10, HERE - 4]) {
    for (const [site, lcp] of [
      ['alpha', 1500],
      ['beta', 4500],
    ] as const) {
      const rows = Array.from({ length: 50 }, (_, i) =>
        pageViewRow({ site, began: hour * HOUR + i, lcp: lcp + i }),
      )
      await store(rows)
      await rollUpHour(env.DB, site, hour, Date.now())
    }
  }
  await post('/v1/sites/beta/budgets', { metric: 'lcp', limit: 2500 })
})

describe('the overview', () => {
  it('tells of each site what its summary tells, and how its budgets stand', async () => {
    const answer: OverviewAnswer = await (await get('/v1/overview')).json()
    expect(answer.data.map(({ site, pageviews }) => [site, pageviews])).toEqual([
      ['alpha', 100],
      ['beta', 100],
      ['empty', 0],
    ])
    const { data } = await summary(`site=beta&from=${answer.from}&to=${answer.to}&metrics=lcp`)
    expect(answer.data[1]?.vitals).toMatchObject({ lcp: data[0]?.percentiles.p75, inp: null })
    expect(answer.data[1]?.budgets).toEqual({ ok: 0, breached: 0, 'no-data': 1 })
    expect(answer.data[2]?.vitals).toEqual({ lcp: null, inp: null, cls: null })
    expect(answer.next).toBeNull()
  })

  it('shows a reader its own site alone', async () => {
    const made = await post('/v1/sites/alpha/tokens', { name: 'reader' })
    const { token } = (await made.json()) as { token: string }
    const answer = await get('/v1/overview', { Authorization: `Bearer ${token}` })
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as OverviewAnswer).data.map(({ site }) => site)).toEqual(['alpha'])
  })

  it('of 150 sites comes in pages, each of few rows', async () => {
    await env.DB.prepare(
      `INSERT INTO sites (id, origins, key, created)
        WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 149)
        SELECT printf('many-%03d', i), '["*"]', '', 0 FROM n`,
    ).run()
    const meter = newMeter()
    const first = await overview({ DB: metered(env.DB, meter) }, null, { after: 'gamma' }, Date.now())
    expect(first.data).toHaveLength(100)
    const second = await overview(
      { DB: metered(env.DB, meter) },
      null,
      { after: first.next ?? '' },
      Date.now(),
    )
    expect(second.data.at(-1)?.site).toBe('many-149')
    expect(second.next).toBeNull()
    expect(meter.read).toBeLessThan(1_000)
    const { data } = await (await get('/v1/overview?search=y-14&after=many-143')).json<OverviewAnswer>()
    expect(data.map(({ site }) => site)).toEqual([4, 5, 6, 7, 8, 9].map(i => `many-14${i}`))
  })
})
