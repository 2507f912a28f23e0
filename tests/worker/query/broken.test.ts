/**
 * Rows that a hand on the database has broken: each costs itself, and neither an answer nor the roll-up of its hour.
 */

import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CausesAnswer } from '../../../schema/api/causes.ts'
import type { PageViewsAnswer } from '../../../schema/api/pageviews.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { get, ORIGIN, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const DAY = Math.floor(Date.now() / (24 * HOUR)) * 24 - 48
const SITE = 'broken'
const RANGE = `site=${SITE}&from=${new Date(DAY * HOUR).toISOString()}&to=${new Date((DAY + 24) * HOUR).toISOString()}`

/** What is no JSON, and JSON that is not what the column holds. */
const TEXTS = [
  '{"0":[["GET /a",1,',
  '',
  'null',
  '7',
  '"text"',
  '[]',
  '[[1]]',
  '{"0":7}',
  '{"0":"text"}',
  '{"0":[null,7,"text",{}]}',
  '{"0":[[]]}',
  '{"0":[["GET /a"]]}',
  '{"0":[["GET /a","x","y",0,200]]}',
  '{"0":[[null,1,2,0]]}',
  '{"lcp":7,"inp":"text","cls":{}}',
  "{'0':[['GET /a',1,2,0]]}",
]
const WHOLE = {
  calls: '{"0":[["GET /a",1,100,0,200]]}',
  marks: '{"0":[["ready",50]]}',
  why: '{"lcp":["main>img",null,1,2,3],"inp":["#buy","click",9,1,2,3,null]}',
  phases: '[1,2,3,4,5,6,7]',
  server: '[["db",30]]',
  bfcache: '["masked"]',
  blocking: '[100,50,[[60,10,"tags.example"]]]',
  inp: 100,
}
const COLUMNS = ['calls', 'marks', 'why', 'phases', 'server', 'blocking', 'bfcache'] as const
const COUNT = 4

beforeAll(async () => {
  await put(`/v1/sites/${SITE}`, { origins: [ORIGIN] })
  const began = DAY * HOUR + 1
  const broken = TEXTS.flatMap(text =>
    COLUMNS.map((column, i) => ({
      row: pageViewRow({ site: SITE, began: began + i, ...WHOLE }),
      column,
      text,
    })),
  )
  const whole = Array.from({ length: COUNT }, () => pageViewRow({ site: SITE, began, ...WHOLE }))
  await store([...whole, ...broken.map(({ row }) => row)])
  await env.DB.batch(
    broken.map(({ row, column, text }) =>
      env.DB.prepare(`UPDATE pageviews SET ${column} = ?1 WHERE site = ?2 AND id = ?3`).bind(
        text,
        SITE,
        row.id,
      ),
    ),
  )
})

const VIEWS = COUNT + TEXTS.length * COLUMNS.length
/** Those whose own text is broken count once less. */
const SOUND = VIEWS - TEXTS.length

async function answered<A>(path: string): Promise<A> {
  const response = await get(path)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

async function figures() {
  const counts = await Promise.all(
    ['lcp', 'api', 'custom:ready', 'phase:load', 'blocking:after'].map(
      async metric => (await summary(`${RANGE}&metrics=${metric}`)).data[0]?.samples,
    ),
  )
  const byEndpoint = (await summary(`${RANGE}&metrics=api&group_by=endpoint`)).data
  const filtered = (await summary(`${RANGE}&metrics=api&endpoint=GET /a&route=/`)).data
  return {
    counts,
    named: byEndpoint.find(({ group }) => group.endpoint === 'GET /a')?.samples,
    filtered: filtered[0]?.samples,
  }
}

describe('a broken row', () => {
  it('costs no answer, read live or rolled up', async () => {
    const live = await figures()
    // `[["GET /a","x",...]]` has no duration, a mark of two texts no value, `[[1]]` and `[]` no phase.
    expect(live).toMatchObject({ counts: [VIEWS, SOUND, SOUND, SOUND, SOUND], named: SOUND, filtered: SOUND })
    await rollUpHour(env.DB, SITE, DAY, Date.now())
    expect(await figures()).toEqual(live)
    await rollUpDay(env.DB, SITE, DAY, Date.now())
    expect(await figures()).toEqual(live)
  })

  it('counts in delivery', async () => {
    const { unreadable } = await answered<{ unreadable: number }>(`/v1/delivery?${RANGE}`)
    // '' , the cut text and the one of JavaScript; the rest is JSON.
    expect(unreadable).toBe(3 * COLUMNS.length)
  })

  it('leaves the causes of the others', async () => {
    for (const metric of ['lcp', 'inp']) {
      const { data, count } = await answered<CausesAnswer>(`/v1/causes?${RANGE}&metric=${metric}`)
      expect(count).toBe(VIEWS)
      expect(data[0]?.samples).toBe(SOUND)
    }
  })

  it('shows in the list with what is whole of it, and says what is not', async () => {
    const list = `/v1/pageviews?${RANGE}&order=newest&limit=100`
    const first = await answered<PageViewsAnswer>(list)
    const second = await answered<PageViewsAnswer>(`${list}&cursor=${first.cursor}`)
    const data = [...first.data, ...second.data]
    expect(data).toHaveLength(VIEWS)
    const parts = data.flatMap(({ unreadable = [] }) => unreadable)
    for (const column of COLUMNS) {
      expect(parts.filter(part => part === column).length, column).toBeGreaterThanOrEqual(3)
    }
    expect(data.filter(({ unreadable }) => !unreadable).length).toBeGreaterThanOrEqual(COUNT)
    const slowest = await answered<PageViewsAnswer>(
      `/v1/pageviews?${RANGE}&metric=lcp&target=main>img&limit=100`,
    )
    expect(slowest.data).toHaveLength(SOUND)
  })

  it('is a line of the export', async () => {
    const response = await get(`/v1/export?format=ndjson&${RANGE}`)
    const text = new TextDecoder().decode(await response.arrayBuffer())
    expect(text.trimEnd().split('\n')).toHaveLength(VIEWS + 1)
    expect(text.endsWith('{"cursor":null}\n')).toBe(true)
  })

  it('takes the next beacon, and so does all of its batch', async () => {
    const [first, second] = [pageViewRow({ site: SITE, ...WHOLE }), pageViewRow({ site: SITE, ...WHOLE })]
    await store([first, second])
    await env.DB.prepare('UPDATE pageviews SET calls = ?1, marks = ?1 WHERE site = ?2 AND id = ?3')
      .bind('{"0":[', SITE, first.id)
      .run()
    const later = { sequence: 1, received: 2, calls: '{"1":[["GET /b",1,100,0,200]]}', marks: '{"1":[]}' }
    await store([
      { ...first, ...later },
      { ...second, ...later },
    ])
    const { results } = await env.DB.prepare('SELECT calls FROM pageviews WHERE site = ?1 AND id IN (?2, ?3)')
      .bind(SITE, first.id, second.id)
      .all<{ calls: string }>()
    expect(results.map(({ calls }) => Object.keys(JSON.parse(calls)).length).toSorted()).toEqual([1, 2])
  })
})

describe('a broken histogram', () => {
  it('costs its row of the roll-ups, by the hour and by the day', async () => {
    const hours = [DAY + 1, DAY + 2]
    const views = hours.flatMap(hour =>
      Array.from({ length: 5 }, () => pageViewRow({ site: SITE, began: hour * HOUR, ...WHOLE })),
    )
    await store(views)
    for (const hour of [DAY, ...hours]) await rollUpHour(env.DB, SITE, hour, Date.now())
    await env.DB.prepare(
      `UPDATE rollups SET lcp = '{"n":' WHERE site = ?1 AND tier = 'hour' AND start = ?2 AND dimension <> 'route'`,
    )
      .bind(SITE, DAY + 1)
      .run()
    const samples = async (params: string) =>
      (await summary(`${RANGE}&metrics=lcp${params}`)).data[0]?.samples
    expect(await samples('')).toBe(VIEWS + 5)
    expect(await samples('&group_by=device')).toBe(VIEWS + 5)
    expect(await samples('&group_by=route')).toBe(VIEWS + 10)
    await rollUpDay(env.DB, SITE, DAY, Date.now())
    expect(await samples('')).toBe(VIEWS + 5)
    const record = await get(`/v1/timeseries?${RANGE}&metrics=lcp&group_by=device`)
    expect(record.status).toBe(200)
  })
})

describe('a call whose numbers another tool wrote', () => {
  it('counts in its bucket, and as how it ended', async () => {
    const site = 'reals'
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    const ends = ['0', '1.0', '2', '3.0', '7', '0.5']
    await store(ends.map(() => pageViewRow({ site, began: DAY * HOUR + 1 })))
    const { results } = await env.DB.prepare('SELECT id FROM pageviews WHERE site = ?1').bind(site).all()
    await env.DB.batch(
      results.map(({ id }, i) =>
        env.DB.prepare('UPDATE pageviews SET calls = ?1 WHERE site = ?2 AND id = ?3').bind(
          `{"0":[["GET /a",1,100.0,${ends[i]},200]]}`,
          site,
          id,
        ),
      ),
    )
    const asked = async () => (await summary(`${RANGE.replace(SITE, site)}&metrics=api`)).data
    const live = await asked()
    expect(live).toMatchObject([
      { count: 5, samples: 5, error_rate: 0.4, percentiles: { p75: { value: expect.closeTo(100, -1) } } },
    ])
    await rollUpHour(env.DB, site, DAY, Date.now())
    expect(await asked()).toEqual(live)
  })
})
