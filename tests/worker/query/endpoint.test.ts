import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, sendViews } from '../../kit/worker/client.ts'

const SITE = 'formats'
const BEGAN = Math.floor(Date.now() / HOUR) * HOUR - 30 * HOUR
const RANGE = `site=${SITE}&from=${new Date(BEGAN).toISOString()}&to=${new Date(BEGAN + HOUR).toISOString()}`
const URL = `/v1/summary?${RANGE}&metrics=lcp&percentiles=75&group_by=route`

beforeAll(async () => {
  await put(`/v1/sites/${SITE}`, { origins: [ORIGIN] })
  const age = Date.now() - BEGAN - HOUR / 2
  const routes = ['=HYPERLINK("http://evil")', '@SUM(A1)', '-1+1', '/a,"b"', '/plain']
  await sendViews(
    routes.map((route, i) =>
      pageView({ age, route, vitals: { lcp: 1000 + i, inp: null, cls: null, fcp: null, ttfb: null } }),
    ),
    {},
    SITE,
  )
})

describe('CSV', () => {
  it.each([
    ['for who asks by the format parameter', `${URL}&format=csv`, {}],
    ['for who accepts it', URL, { Accept: 'text/csv' }],
  ])('is there %s', async (_, path, headers) => {
    const response = await get(path, { ...admin, ...headers })
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present')
    const [header, ...lines] = (await response.text()).trimEnd().split('\r\n')
    expect(header).toContain(
      'group.route,metric,unit,count,count_interval.low,count_interval.high,samples,effective_samples,percentiles.p75.value',
    )
    expect(lines).toHaveLength(5)
  })

  it('holds no cell that a spreadsheet runs, and quotes what RFC 4180 wants quoted', async () => {
    const text = await (await get(`${URL}&format=csv`)).text()
    const cells = text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map(line => line.split(',lcp,')[0])
    expect(cells.toSorted()).toEqual(
      [`"'=HYPERLINK(""http://evil"")"`, `'@SUM(A1)`, `'-1+1`, `"/a,""b"""`, '/plain'].toSorted(),
    )
  })

  it.each([
    ...[
      'summary?group_by=route&',
      'summary?metrics=api,errors&percentiles=75,99.9&',
      'timeseries?',
      'trends?',
    ],
    ...['changes?', 'causes?', 'blocking?', 'bfcache?', 'errors?', 'pageviews?', 'deploys?', 'delivery?'],
  ])('of /v1/%s has the same header, whatever its rows hold', async question => {
    const header = async (range: string) => {
      const response = await get(`/v1/${question}format=csv&${range}`)
      expect(response.status).toBe(200)
      return (await response.text()).split('\r\n')[0]
    }
    const [some, none] = await Promise.all([header(RANGE), header(`site=${SITE}&from=-2h&to=-1h`)])
    expect(some).toMatch(/^\w.*,\w/)
    expect(none).toBe(some)
  })

  it('does not go to a browser that lists it among others, or by another name', async () => {
    const response = await get(URL, { ...admin, Accept: 'text/html,text/csv' })
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await problemOf(await get(`${URL}&format=xml`))).toMatchObject({ status: 400, field: 'format' })
  })
})

describe('caching', () => {
  it('answers 304 to who has the answer already, for each format', async () => {
    const first = await get(URL)
    const tag = first.headers.get('ETag') ?? ''
    expect(tag).toMatch(/^"[0-9a-f]{18}"$/)
    const again = await get(URL, { ...admin, 'If-None-Match': `"other", W/${tag}` })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect((await get(`${URL}&format=csv`)).headers.get('ETag')).not.toBe(tag)
    expect((await get(URL, { ...admin, 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('is private, and shorter where page views may still come', async () => {
    expect((await get(URL)).headers.get('Cache-Control')).toBe('private, max-age=60')
    expect((await get(`/v1/summary?site=${SITE}`)).headers.get('Cache-Control')).toBe('private, no-cache')
    expect((await get(URL)).headers.get('Vary')).toBe('Accept, Authorization')
  })

  it('asks D1 once for several equal questions at once, and again afterwards', async () => {
    const ask = async (path: string) => (await get(path)).headers.get('Server-Timing') ?? ''
    const timings = await Promise.all(Array.from({ length: 8 }, () => ask(URL)))
    expect(timings.filter(timing => !timing.includes('shared'))).toHaveLength(1)
    const others = await Promise.all([ask(URL), ask(`${URL}&limit=3`)])
    expect(others.filter(timing => timing.includes('shared'))).toEqual([])
  })
})
