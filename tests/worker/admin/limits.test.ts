import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { MAX_BUDGETS } from '../../../schema/api/budgets.ts'
import { MAX_COLLECTORS } from '../../../schema/api/collectors.ts'
import { MAX_SEGMENTS } from '../../../schema/api/segments.ts'
import { MAX_WEBHOOKS } from '../../../schema/api/webhooks.ts'
import { admin, ORIGIN, post, problemOf, put } from '../../kit/worker/client.ts'

const SITE = '/v1/sites/limits'
const segment = (name: string) => ({ name, filters: { device: ['phone'] } })
const budget = { metric: 'lcp', percentile: 75, limit: 2_500 }

/** What may be made so often, by a request each; `i` tells them apart. */
const MADE: Record<string, [most: number, table: string, make: (i: number) => Promise<Response>]> = {
  tokens: [100, 'tokens', i => post(`${SITE}/tokens`, { name: `t${i}` })],
  webhooks: [
    MAX_WEBHOOKS,
    'webhooks',
    i => post(`${SITE}/webhooks`, { url: `https://hooks.example.com/${i}` }),
  ],
  collectors: [
    MAX_COLLECTORS,
    'collectors',
    i => post(`${SITE}/collectors`, { url: `https://otel.example.com/${i}` }),
  ],
  budgets: [MAX_BUDGETS, 'budgets', i => post(`${SITE}/budgets`, { ...budget, limit: 2_500 + i })],
  segments: [MAX_SEGMENTS, 'segments', i => put(`${SITE}/segments/s${i}`, segment(`s${i}`))],
}

beforeAll(async () => {
  await put(SITE, { origins: [ORIGIN] })
})

describe('of requests at once', () => {
  it.each(Object.entries(MADE))(
    'the worker makes no more %s than the limit',
    async (_, [most, table, make]) => {
      const answers = await Promise.all(Array.from({ length: most + 5 }, (_, i) => make(i)))
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter(status => status === 201).length).toBe(most)
      expect(statuses.filter(status => status === 409).length).toBe(5)
      const count = env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE site = 'limits'`)
      expect(await count.first('n')).toBe(most)
    },
  )

  it.each([
    ['budgets', { ...budget, device: 'phone' }, { device: 'tablet' }],
    ['collectors', { url: 'https://otel.example.com', headers: { 'X-Key': 'a' } }, { metrics: ['cls'] }],
  ])('that add the same %s one makes it, and all get it', async (kind, one, other) => {
    await put('/v1/sites/twice', { origins: [ORIGIN] })
    const path = `/v1/sites/twice/${kind}`
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(path, one)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 200, 200, 200, 201])
    const ids = await Promise.all(answers.map(async answer => (await answer.json<{ id: string }>()).id))
    expect(new Set(ids).size).toBe(1)
    expect((await post(path, { ...one, ...other })).status, 'other terms').toBe(201)
  })

  it('a budget never outlives its segment', async () => {
    await put('/v1/sites/both', { origins: [ORIGIN] })
    const all = Array.from({ length: 20 }, async (_, i) => {
      await put(`/v1/sites/both/segments/s${i}`, segment(`s${i}`))
      const [gone, made] = await Promise.all([
        exports.default.fetch(`https://rum.example/v1/sites/both/segments/s${i}`, {
          method: 'DELETE',
          headers: admin,
        }),
        post('/v1/sites/both/budgets', { ...budget, segment: `s${i}` }),
      ])
      return [gone.status, made.status, (await problemOf(made)).field]
    })
    for (const pair of await Promise.all(all))
      expect([
        [204, 400, 'segment'],
        [409, 201, undefined],
      ]).toContainEqual(pair)
  })
})
