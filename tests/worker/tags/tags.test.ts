import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BudgetAnswer } from '../../../schema/api/budgets.ts'
import type { ChangesAnswer } from '../../../schema/api/changes.ts'
import type { DeliveryAnswer } from '../../../schema/api/delivery.ts'
import type { PageViewsAnswer } from '../../../schema/api/pageviews.ts'
import type { TagsAnswer } from '../../../schema/api/tags.ts'
import type { TimeseriesAnswer } from '../../../schema/api/timeseries.ts'
import type { TrendsAnswer } from '../../../schema/api/trends.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import type { Tag } from '../../../schema/wire/pageview.ts'
import { retain } from '../../../worker/histogram/retain.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import {
  get,
  ORIGIN,
  post,
  problemOf,
  put,
  remove,
  send,
  sendViews,
  summary,
} from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const HERE = Math.floor(Date.now() / HOUR)
/** A whole day that has settled. */
const YESTERDAY = Math.floor(HERE / 24) * 24 - 24

/** A site that declares tags, or has declared them `days` ago. */
async function siteWith(site: string, tags: string[], days = 0): Promise<string> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  expect((await put(`/v1/sites/${site}/tags`, { tags })).status).toBe(200)
  const since = Object.fromEntries(tags.map(name => [name, Date.now() - days * DAY]))
  await env.DB.prepare('UPDATE sites SET tags = ?2 WHERE id = ?1').bind(site, JSON.stringify(since)).run()
  return site
}

const visit = (...tags: Tag[]) => pageView({ id: newId(), tags })

async function valuesOf(site: string, params: string): Promise<Record<string, number>> {
  const { data } = await summary(`site=${site}&metrics=pageviews&${params}`)
  return Object.fromEntries(data.map(row => [Object.values(row.group).join(), row.count]))
}

describe('tags', () => {
  it('go from a beacon to groups, filters and page views, in one billed row', async () => {
    const site = await siteWith('told', ['plan', 'variant'])
    const views = [
      visit(['plan', 'pro'], ['Variant', 'B']),
      visit(['plan', 'pro']),
      visit(['plan', 'free'], ['variant', 'B']),
      visit(),
    ]
    await sendViews(views, {}, site)
    expect(await valuesOf(site, 'group_by=tag:plan')).toEqual({ pro: 2, free: 1, '': 1 })
    expect(await valuesOf(site, 'tag=plan:pro')).toEqual({ '': 2 })
    expect(await valuesOf(site, 'tag=plan:pro&tag=plan:free')).toEqual({ '': 3 })
    expect(await valuesOf(site, 'tag!=plan:pro')).toEqual({ '': 2 })
    expect(await valuesOf(site, 'tag=plan:pro&tag=variant:B')).toEqual({ '': 1 })
    expect(await valuesOf(site, 'tag=plan:free&group_by=tag:variant,device')).toEqual({ 'B,desktop': 1 })
    expect(await valuesOf(site, 'tag=plan:nobody')).toEqual({})
    const listed: PageViewsAnswer = await (
      await get(`/v1/pageviews?site=${site}&tag=variant:B&order=newest`)
    ).json()
    expect(listed.data.map(({ tags }) => tags)).toEqual(
      expect.arrayContaining([
        { plan: 'pro', variant: 'B' },
        { plan: 'free', variant: 'B' },
      ]),
    )
    const lines = await (await get(`/v1/export?format=ndjson&site=${site}&tag=plan:free`)).text()
    expect(JSON.parse(lines.split('\n')[0] ?? '')).toMatchObject({ tags: { plan: 'free', variant: 'B' } })
    const csv = await (await get(`/v1/summary?site=${site}&group_by=tag:plan&format=csv`)).text()
    expect(csv).toMatch(/^group\.tag:plan,.*\r\npro,/)
    const otlp = await (await get(`/v1/export?format=otlp&site=${site}&metrics=lcp&group_by=tag:plan`)).text()
    expect(otlp).toContain('{"key":"tag:plan","value":{"stringValue":"pro"}}')
    const rows = await env.DB.prepare('SELECT count(*) AS n FROM pageviews WHERE site = ?1')
      .bind(site)
      .first('n')
    expect(rows).toBe(views.length)
  })

  it('follow the newest beacon of a page view', async () => {
    const site = await siteWith('later', ['plan'])
    const view = visit()
    const news: Tag[] = [['plan', 'pro']]
    await sendViews([view, { ...view, sequence: 1, tags: news }], {}, site)
    await sendViews([{ ...view, sequence: 2 }], {}, site)
    expect(await valuesOf(site, 'group_by=tag:plan')).toEqual({ pro: 1 })
  })

  it('stay out, and count, where no one declared them or they may name a person', async () => {
    const site = await siteWith('strict', ['plan', 'ref'])
    const secrets = [
      'ann@shop.example',
      'ann%40shop.example',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
      '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
      '4111111111111111',
      '/search?q=secret',
    ]
    await sendViews(
      secrets.map(value => visit(['ref', value], ['plan', 'pro'])),
      {},
      site,
    )
    await sendViews(
      [visit(['user', '7'], ['ref', 'release-candidate-2024-11'], ['plan', 'p'.repeat(90)])],
      {},
      site,
    )
    expect(await valuesOf(site, 'group_by=tag:ref')).toEqual({
      '': secrets.length,
      'release-candidate-2024-11': 1,
    })
    expect(await valuesOf(site, 'group_by=tag:plan')).toEqual({ pro: secrets.length, ['p'.repeat(64)]: 1 })
    const stored = await env.DB.prepare('SELECT group_concat(tags) AS t FROM pageviews WHERE site = ?1')
      .bind(site)
      .first<string>('t')
    for (const secret of secrets) expect(stored).not.toContain(secret.slice(0, 12))
    // The isolate writes its first count at once, and the rest within a minute.
    const told: TagsAnswer = await (await get(`/v1/sites/${site}/tags`)).json()
    expect(told).toMatchObject({ tags: [{ name: 'plan' }, { name: 'ref' }] })
    expect(told.unfit_24h).toBeGreaterThanOrEqual(1)
    const delivery: DeliveryAnswer = await (await get(`/v1/delivery?site=${site}`)).json()
    expect(delivery.tags_left_out.unfit).toBe(told.unfit_24h)
  })

  it.each([
    ['a text', '"pro"'],
    ['numbers', '[1,["plan"],["plan",null],[null,"pro"],["plan",{}]]'],
    [
      'a name that no SQL should meet',
      JSON.stringify([
        ["plan'--", 'x'],
        ['__proto__', 'x'],
        ['', 'x'],
      ]),
    ],
  ])('cost the page view nothing where they are %s', async (_, tags) => {
    const site = await siteWith('odd', ['plan'])
    const view = pageView({ id: newId(), route: `/${tags.length}` })
    const body = encode(view).replace('"tags":[]', `"tags":${tags}`)
    expect((await send(body, {}, site)).status).toBe(204)
    expect(await valuesOf(site, `route=${encodeURIComponent(`/${tags.length}`)}&group_by=tag:plan`)).toEqual({
      '': 1,
    })
  })

  it('have one answer from raw rows, hours and days', async () => {
    const site = await siteWith('rolled', ['plan'], 5)
    const rows = Array.from({ length: 90 }, (_, i) =>
      pageViewRow({
        site,
        began: (YESTERDAY + (i % 3)) * HOUR + 60_000,
        weight: 1 + (i % 2),
        lcp: 400 + 37 * i,
        tags: i % 5 ? JSON.stringify({ plan: ['pro', 'free', 'team'][i % 3] }) : null,
      }),
    )
    await store(rows)
    const range = `from=${new Date(YESTERDAY * HOUR).toISOString()}&to=${new Date((YESTERDAY + 24) * HOUR).toISOString()}`
    const ask = async () => {
      const groups = await summary(`site=${site}&${range}&metrics=lcp,pageviews&group_by=tag:plan`)
      const one = await summary(`site=${site}&${range}&metrics=lcp&tag=plan:pro`)
      const series: TimeseriesAnswer = await (
        await get(`/v1/timeseries?site=${site}&${range}&metrics=lcp&group_by=tag:plan`)
      ).json()
      return { groups, one, series: series.data }
    }
    const live = await ask()
    expect(live.groups.source).toBe('rollup')
    expect(live.one.data[0]?.samples).toBe(24)
    for (let hour = 0; hour < 24; hour++)
      await rollUpHour(env.DB, site, YESTERDAY + hour, Date.now(), ['tag:plan'])
    expect(await ask()).toEqual(live)
    await rollUpDay(env.DB, site, YESTERDAY, Date.now(), ['tag:plan'])
    expect(await ask()).toEqual(live)
  })

  it('keep 20 values an hour by name, the rest as (other)', async () => {
    const rowsOf = async (site: string, tags: 'tag:plan'[]) => {
      const rows = Array.from({ length: 60 }, (_, i) =>
        pageViewRow({
          site,
          began: YESTERDAY * HOUR + 60_000,
          weight: i < 25 ? 2 : 1,
          tags: JSON.stringify({ plan: `value ${i % 30}` }),
        }),
      )
      await store(rows)
      await rollUpHour(env.DB, site, YESTERDAY, Date.now(), tags)
      const { results } = await env.DB.prepare(
        "SELECT dimension, value FROM rollups WHERE site = ?1 AND dimension LIKE 'tag:%' ORDER BY value",
      )
        .bind(site)
        .all<{ dimension: string; value: string }>()
      return results
    }
    await siteWith('undeclared', [])
    expect(await rowsOf('undeclared', [])).toEqual([])
    await siteWith('many', ['plan'], 5)
    const kept = await rowsOf('many', ['tag:plan'])
    expect(kept).toHaveLength(21)
    expect(kept).toContainEqual({ dimension: 'tag:plan', value: '["(other)"]' })
  })

  it('go with the roll-ups past their days, declared or not', async () => {
    const site = await siteWith('forgotten', ['plan'], 5)
    await store([pageViewRow({ site, began: YESTERDAY * HOUR + 60_000, tags: '{"plan":"pro"}' })])
    for (let hour = 0; hour < 24; hour++)
      await rollUpHour(env.DB, site, YESTERDAY + hour, Date.now(), ['tag:plan'])
    await rollUpDay(env.DB, site, YESTERDAY, Date.now(), ['tag:plan'])
    await put(`/v1/sites/${site}/tags`, { tags: [] })
    const count = () =>
      env.DB.prepare("SELECT count(*) AS n FROM rollups WHERE site = ?1 AND dimension = 'tag:plan'")
        .bind(site)
        .first('n')
    expect(await count()).toBe(2)
    await retain(env.DB, { id: site, rawDays: 1, hourDays: 2, dayDays: 3 }, Date.now() + 9 * DAY, 50)
    expect(await count()).toBe(0)
  })

  it('compare a value with another, from when the site declared them', async () => {
    const site = await siteWith('compared', ['variant'], 1)
    const rows = Array.from({ length: 400 }, (_, i) =>
      pageViewRow({
        site,
        began: Date.now() - 3 * HOUR,
        lcp: (i % 2 ? 1_000 : 2_000) + i,
        tags: JSON.stringify({ variant: i % 2 ? 'A' : 'B' }),
      }),
    )
    await store(rows)
    const path = `/v1/trends?site=${site}&metrics=lcp&from=-7d&tag=variant:B&baseline_tag=variant:A`
    const trends: TrendsAnswer = await (await get(path)).json()
    expect(trends.baseline).toMatchObject({ tag: 'variant:A' })
    expect(trends.data[0]).toMatchObject({
      verdict: 'degrading',
      before: { samples: 200 },
      after: { samples: 200 },
    })
    expect(Date.parse(trends.from)).toBeGreaterThan(Date.now() - DAY - 2 * HOUR)
    expect(
      await problemOf(await get(`/v1/summary?site=${site}&from=-7d&to=-3d&tag=variant:A`)),
    ).toMatchObject({
      status: 400,
      field: 'to',
    })
  })

  it('say from when on the baseline is kept, and count nothing older', async () => {
    const site = await siteWith('young', ['variant'], 1)
    const hour = (ago: number) => new Date((HERE - ago) * HOUR).toISOString()
    const views = (ago: number, tags: string | null) =>
      Array.from({ length: 40 }, (_, i) =>
        pageViewRow({ site, began: (HERE - ago) * HOUR + i, lcp: 1_000 + i, ...(tags && { tags }) }),
      )
    await store([...views(3, '{"variant":"B"}'), ...views(20, '{"variant":"B"}'), ...views(60, null)])
    const ask = async (from: number, to: number): Promise<TrendsAnswer> => {
      const range = `from=${hour(6)}&to=${hour(0)}&baseline_from=${hour(from)}&baseline_to=${hour(to)}`
      return (await get(`/v1/trends?site=${site}&metrics=lcp&tag!=variant:A&${range}`)).json()
    }
    const since = hour(24)
    expect(await ask(70, 50)).toMatchObject({
      baseline: { to: hour(50), kept_from: since },
      data: [{ before: null, after: { samples: 40 } }],
    })
    expect(await ask(70, 12)).toMatchObject({
      baseline: { from: since, to: hour(12), kept_from: since },
      data: [{ before: { samples: 40 } }],
    })
    const { baseline } = await ask(22, 12)
    expect(baseline).toEqual({ from: hour(22), to: hour(12), release: null })
    const changes: ChangesAnswer = await (
      await get(`/v1/changes?site=${site}&metrics=lcp&tag!=variant:A&from=-7d`)
    ).json()
    expect(changes.baseline.from >= since).toBe(true)
  })

  it('are among what changed', async () => {
    const site = await siteWith('moved', ['variant'], 5)
    const hours = [YESTERDAY, YESTERDAY + 1]
    const rows = hours.flatMap((hour, late) =>
      Array.from({ length: 1_200 }, (_, i) =>
        pageViewRow({
          ...{ site, began: hour * HOUR + 60_000 + i },
          lcp: (1_000 + ((i * 7_919) % 1_000) * 2) * (late && i % 2 ? 2 : 1),
          tags: JSON.stringify({ variant: i % 2 ? 'B' : 'A' }),
        }),
      ),
    )
    await store(rows)
    for (const hour of hours) await rollUpHour(env.DB, site, hour, Date.now(), ['tag:variant'])
    const range = hours.map(hour => new Date((hour + 1) * HOUR).toISOString())
    const path = `/v1/changes?site=${site}&metrics=lcp&from=${range[0]}&to=${range[1]}`
    const { data }: ChangesAnswer = await (await get(path)).json()
    expect(data.filter(row => !row.part_of).map(({ group }) => group)).toEqual([{ 'tag:variant': 'B' }])
  })

  it('may have a budget', async () => {
    const site = await siteWith('promised', ['plan'])
    const budget = { metric: 'lcp', limit: 2500, tag: 'plan:pro' }
    const made: BudgetAnswer = await (await post(`/v1/sites/${site}/budgets`, budget)).json()
    expect(made).toMatchObject(budget)
    await sendViews([visit(['plan', 'pro']), visit(['plan', 'free'])], {}, site)
    const preview = await (await post(`/v1/sites/${site}/budgets/preview`, budget)).json()
    expect(preview).toMatchObject({ samples: 1 })
    for (const [change, detail] of [
      [{ tag: 'tier:pro' }, 'names tier, which is no declared tag of site promised: declared are plan'],
      [{ tag: 'pro' }, 'must be a declared name, a colon and a value: plan:pro'],
    ] as const) {
      const refused = await problemOf(await post(`/v1/sites/${site}/budgets`, { ...budget, ...change }))
      expect(refused).toMatchObject({ status: 400, field: 'tag' })
      expect(refused.detail).toContain(detail)
    }
  })

  it.each([
    [
      'group_by=tag:tier',
      'group_by',
      'names tier, which is no declared tag of site named: declared are plan, variant',
    ],
    ['tag=tier:x', 'tag', 'names tier, which is no declared tag of site named: declared are plan, variant'],
    ['tag!=tier:x', 'tag', 'names tier, which is no declared tag of site named: declared are plan, variant'],
    ['tag=plan', 'tag', 'must be a declared name, a colon and a value: plan:pro'],
    ["group_by=tag:plan'", 'group_by', 'which is not one of route, device'],
  ])('are refused in a question by %s', async (params, field, detail) => {
    await siteWith('named', ['plan', 'variant'])
    for (const path of ['summary', 'timeseries', 'trends']) {
      const refused = await problemOf(await get(`/v1/${path}?site=named&${params}`))
      expect(refused).toMatchObject({ status: 400, field })
      expect(refused.detail).toContain(detail)
    }
  })

  it('stay declared while a budget names them, itself or by its segment', async () => {
    const site = await siteWith('used', ['plan', 'variant', 'tier'])
    const budget = async (terms: object): Promise<string> => {
      const made = await post(`/v1/sites/${site}/budgets`, { metric: 'lcp', limit: 2500, ...terms })
      return (await made.json<BudgetAnswer>()).id
    }
    for (const [id, filters] of Object.entries({ a: { 'tag!': ['variant:a'] }, idle: { tag: ['tier:x'] } }))
      expect((await put(`/v1/sites/${site}/segments/${id}`, { name: id, filters })).status).toBe(201)
    const [own, within] = [await budget({ tag: 'plan:pro' }), await budget({ segment: 'a' })]

    for (const [name, user] of [
      ['plan', own],
      ['variant', within],
    ]) {
      const detail = `Tag ${name} is used by budget ${user}: change or delete that first.`
      const refused = await problemOf(await remove(`/v1/sites/${site}/tags/${name}`))
      expect(refused).toMatchObject({ status: 409, field: 'name', detail })
    }
    const all = await problemOf(await put(`/v1/sites/${site}/tags`, { tags: ['variant', 'tier'] }))
    expect(all).toMatchObject({ status: 409, field: 'tags' })
    const { tags }: TagsAnswer = await (await get(`/v1/sites/${site}/tags`)).json()
    expect(tags).toHaveLength(3)

    // What no budget names goes, and so does a tag once its budget has gone.
    expect((await remove(`/v1/sites/${site}/tags/tier`)).status).toBe(204)
    expect((await remove(`/v1/sites/${site}/budgets/${own}`)).status).toBe(204)
    expect((await put(`/v1/sites/${site}/tags`, { tags: ['variant'] })).status).toBe(200)
  })

  it('are declared and taken back one at a time, none lost of those at once', async () => {
    const site = await siteWith('one', ['plan'], 3)
    const named = async () => {
      const { tags }: TagsAnswer = await (await get(`/v1/sites/${site}/tags`)).json()
      return tags.map(({ name }) => name).sort()
    }
    const given = await Promise.all(
      ['plan', 'variant', 'tier', 'room', 'team', 'sixth'].map(name =>
        put(`/v1/sites/${site}/tags/${name}`, undefined),
      ),
    )
    expect(given.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 409])
    const full = await named()
    expect(full).toHaveLength(5)
    const { tags }: TagsAnswer = await (await get(`/v1/sites/${site}/tags`)).json()
    const age = Date.now() - Date.parse(tags.find(({ name }) => name === 'plan')?.since ?? '')
    expect(Math.round(age / DAY)).toBe(3)
    const [first = '', second = '', ...rest] = full
    const gone = await Promise.all([first, second].map(name => remove(`/v1/sites/${site}/tags/${name}`)))
    expect(gone.map(({ status }) => status)).toEqual([204, 204])
    expect(await named()).toEqual(rest)
    expect(await problemOf(await remove(`/v1/sites/${site}/tags/${first}`))).toMatchObject({
      status: 404,
      field: 'name',
    })
    expect(await problemOf(await put(`/v1/sites/${site}/tags/Plan`, undefined))).toMatchObject({
      status: 400,
      field: 'name',
    })
  })

  it.each([
    [{ tags: ['Plan'] }, 'tags.0', 'must be 1 to 32 of a-z, 0-9 and _, and begin with a letter'],
    [{ tags: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'tags', 'must have at most 5 names'],
    [{ tags: ['a', 'a'] }, 'tags', 'must have each name once'],
    [{ tags: 'plan' }, 'tags', 'must be a list'],
    [{}, 'tags', 'is missing'],
  ])('are not declared by %j', async (body, field, detail) => {
    await siteWith('asked', [])
    const refused = await problemOf(await put('/v1/sites/asked/tags', body))
    expect(refused).toMatchObject({ status: 400, field })
    expect(refused.detail).toContain(detail)
  })
})
