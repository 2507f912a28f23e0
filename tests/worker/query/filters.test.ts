import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { get, ORIGIN, problemOf, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOON = Math.floor(Date.now() / HOUR) - 30
const RANGE = `from=${new Date(NOON * HOUR).toISOString()}&to=${new Date((NOON + 2) * HOUR).toISOString()}`

/** Page views by route, device and country; names hold what separates lists and negates. */
const VIEWS: [count: number, route: string, device: string, country: string | null][] = [
  [32, '/a,b', 'phone', 'DE'],
  [16, '/!a', 'tablet', 'DE'],
  [8, '/a', 'desktop', 'FR'],
  [4, '/b', 'desktop', null],
  [2, '!/b', 'phone', 'FR'],
]

beforeAll(async () => {
  await put('/v1/sites/filtered', { origins: [ORIGIN] })
  await store(
    VIEWS.flatMap(([count, route, device, country]) =>
      Array.from({ length: count }, () =>
        pageViewRow({
          ...{ site: 'filtered', began: NOON * HOUR, hour: NOON, route, device, country },
          calls: JSON.stringify({
            0: [[`GET ${route}`, 10, 90, 0], ...(count > 8 ? [['GET /all', 10, 90, 0]] : [])],
          }),
        }),
      ),
    ),
  )
})

async function count(params: string, metrics = 'lcp'): Promise<number> {
  const { data } = await summary(`site=filtered&${RANGE}&metrics=${metrics}&${params}`)
  return data.reduce((sum, { count }) => sum + count, 0)
}

describe('a filter', () => {
  it.each([
    ['route=/a,b', 32],
    ['route=/a,b&route=/b', 36],
    ['route=/!a', 16],
    ['route=!/b', 2],
    ['route!=/b', 58],
    ['route!=!/b&route!=/a,b', 28],
    ['device=phone&device=tablet', 50],
    ['device=phone&device=phone', 34],
    ['device!=phone&country=DE', 16],
    ['device=phone&device=tablet&device!=tablet', 34],
    // What is not known is not DE.
    ['country!=DE', 14],
    ['country=FR&group_by=route', 10],
    ['device!=desktop&group_by=route,country', 50],
  ])('takes several values, and values to leave out: %s', async (params, views) => {
    expect(await count(params)).toBe(views)
  })

  it.each([
    ['endpoint=GET /a&endpoint=GET /b', 12],
    ['endpoint!=GET /all', 62],
    ['endpoint!=GET /a&endpoint!=GET /all', 54],
  ])('does so for API calls: %s', async (params, calls) => {
    expect(await count(encodeURI(params), 'api')).toBe(calls)
  })

  it.each([
    '/v1/timeseries',
    '/v1/trends',
    '/v1/changes',
    '/v1/causes?metric=lcp',
    '/v1/pageviews?order=newest',
    '/v1/export?format=otlp',
    '/v1/export?format=ndjson',
  ])('does so in %s, too', async path => {
    const params = `site=filtered&${RANGE}`
    const ask = async (filter: string) => {
      const response = await get(`${path}${path.includes('?') ? '&' : '?'}${params}&${filter}`)
      expect(response.status, await response.clone().text()).toBe(200)
      return response.text()
    }
    const none = await ask('device!=phone&device!=tablet&device!=desktop')
    const [some, same] = [
      await ask('route=/a,b&route=/!a'),
      await ask('device=phone&device=tablet&country=DE'),
    ]
    expect(some.length).toBe(same.length)
    if (path !== '/v1/changes' && path !== '/v1/trends') expect(some.length).toBeGreaterThan(none.length)
  })

  it.each([
    ['route!=(other)', 'route!', /has no name of its own/],
    [`browser!=${'x'.repeat(301)}`, 'browser!', /at most 300 characters/],
    [Array.from({ length: 21 }, (_, i) => `route=/${i}`).join('&'), 'route', /at most 20 times/],
    ['site!=shop', 'site!', /not a parameter/],
    ['metrics=lcp&metrics=cls', 'metrics', /given twice/],
  ])('that does not fit is named: %s', async (params, field, detail) => {
    const problem = await problemOf(await get(`/v1/summary?site=filtered&${params}`))
    expect(problem).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) })
  })

  it('must name one release where releases compare', async () => {
    for (const query of ['trends?baseline_release=1', 'changes?against=release:1']) {
      const problem = await problemOf(await get(`/v1/${query}&site=filtered&release=2&release=3`))
      expect(problem).toMatchObject({ status: 400, field: 'release' })
    }
  })
})
