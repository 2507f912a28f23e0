import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SummaryAnswer } from '../../../schema/api/summary.ts'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { lenderOf } from '../../../worker/histogram/period-rows.ts'
import { retain } from '../../../worker/histogram/retain.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { SETTLED, staleDays, staleHours } from '../../../worker/store/periods.ts'
import { store as storeIn } from '../../../worker/store/upsert.ts'
import { newId } from '../../kit/pageview.ts'
import { ORIGIN, put } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, starts } from '../../kit/worker/rows.ts'

/** A fixed clock: 2026-11-20, half past ten. */
const NOW = Date.UTC(2026, 10, 20, 10, 30)
const OPEN = NOW / HOUR - 0.5
/** Two whole days, an edge before them, and today with its open hour. */
const FIRST = OPEN - 60

const at = (hour: number, given: Partial<PageViewRow> = {}) =>
  pageViewRow({ began: hour * HOUR + 1_800_000, hour, ...given })
const store = (rows: PageViewRow[], now = NOW) => storeIn(env.DB, rows, now)

/** Traffic of different sizes in every hour, told apart by everything that can be told apart. */
function traffic(site: string): PageViewRow[] {
  const rows: PageViewRow[] = []
  for (let hour = FIRST; hour <= OPEN; hour++) {
    for (let i = 0; i < 5 + (hour % 4); i++) {
      const seed = hour * 31 + i * 17
      rows.push(
        at(hour, {
          site,
          route: ['/', '/p/[id]', '/cart'][seed % 3] ?? '/',
          device: ['phone', 'desktop', 'tablet'][seed % 3] ?? 'phone',
          country: ['DE', 'FR', null][(seed >> 1) % 3] ?? null,
          release: ['1', '2', null][(seed >> 2) % 3] ?? null,
          connection: ['4g', null][seed % 2] ?? null,
          navigation: seed % 2 ? 'reload' : 'navigate',
          weight: [1, 1, 4][seed % 3] ?? 1,
          lcp: 400 + ((seed * 97) % 7000),
          inp: seed % 2 ? (seed * 13) % 700 : null,
          cls: seed % 3 ? (seed * 7) % 500 : 0,
          calls: JSON.stringify({ 0: [[`GET /api/${seed % 4}`, 5, (seed * 29) % 3000, seed % 4, 200]] }),
        }),
      )
    }
  }
  return rows
}

async function ask(site: string, params: string, now = NOW): Promise<SummaryAnswer> {
  const range = `from=${new Date(FIRST * HOUR).toISOString()}&to=${new Date(NOW).toISOString()}`
  const query = parseSummaryQuery(new URLSearchParams(`site=${site}&${range}&${params}`), now)
  if ('error' in query) throw new Error(query.error.detail)
  return summarize(env.DB, query.ok, KEPT, now)
}

/** Long enough for every hour of the tests. */
const KEPT = { dayDays: 1_000, hourDays: 1_000, rawDays: 1_000 }

const QUESTIONS = [
  '',
  'metrics=api',
  'metrics=lcp,api',
  ...['route', 'device', 'country', 'browser', 'connection', 'navigation', 'release', 'route,device'].map(
    keys => `group_by=${keys}`,
  ),
  'metrics=api&group_by=endpoint',
  'metrics=api&group_by=device,endpoint',
  'route=/cart',
  'device=phone&group_by=route',
  'route=/cart&group_by=device',
  'route=/cart&device=phone',
  'metrics=api&device=phone&group_by=endpoint&limit=2',
  'metrics=api&endpoint=GET /api/1',
  'group_by=route&limit=1',
]
const answers = async (site: string) => {
  const all: string[] = []
  for (const question of QUESTIONS) all.push(JSON.stringify(await ask(site, question)))
  return all
}

/** Rolls up all that is due, as the cron would, and then some. */
async function rollAll(site: string, now = NOW) {
  for (const hour of await starts(staleHours(env.DB, { [site]: 'all' }, now + SETTLED, 1000)))
    await rollUpHour(env.DB, site, hour, now)
  for (const day of await starts(staleDays(env.DB, { [site]: 'all' }, now + SETTLED, 1000)))
    await rollUpDay(env.DB, site, day, now)
}

beforeAll(async () => {
  for (const site of ['equal', 'late', 'caps', 'cron']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
})

describe('an answer from roll-ups', () => {
  it('equals the answer from raw rows byte for byte, before, half-way and after', async () => {
    await store(traffic('equal'))
    const raw = await answers('equal')
    expect(raw.join()).toContain('"count"')
    for (const hour of (await starts(staleHours(env.DB, { equal: 'all' }, NOW + SETTLED, 1000))).filter(
      hour => hour % 3,
    )) {
      await rollUpHour(env.DB, 'equal', hour, NOW)
    }
    expect(await answers('equal')).toEqual(raw)
    await rollAll('equal')
    const days = await env.DB.prepare(
      "SELECT count(*) AS n FROM periods WHERE site = 'equal' AND tier = 'day'",
    ).first('n')
    expect(days).toBe(3)
    expect(await answers('equal')).toEqual(raw)
    await rollAll('equal')
    await rollUpDay(env.DB, 'equal', Math.ceil(FIRST / 24) * 24, NOW)
    expect(await answers('equal')).toEqual(raw)
  })

  it('comes from roll-ups: raw rows that vanish change nothing but the open hour', async () => {
    const before = await ask('equal', 'metrics=lcp&percentiles=75')
    await env.DB.prepare("DELETE FROM pageviews WHERE site = 'equal' AND hour < ?").bind(OPEN).run()
    expect(await ask('equal', 'metrics=lcp&percentiles=75')).toEqual(before)
  })

  it('stays exact after late, repeated and changed page views, live and rolled up', async () => {
    const rows = [...traffic('late'), at(OPEN - 30, { site: 'late', route: '/lonely' })]
    await store(rows)
    await rollAll('late')
    const last = rows.at(-1)
    const edge = rows.find(row => row.hour === OPEN - 1 && row.inp === null)
    if (!last || !edge) throw new Error('no rows')
    await store([at(OPEN - 30, { site: 'late', lcp: 9999 })])
    await store([{ ...last, sequence: 1, lcp: 31, route: '/moved' }])
    await store([{ ...last, sequence: 1, lcp: 31, route: '/moved' }, last])
    // Over the hour's end: the later beacon of this page view seems to have begun in the open hour.
    const jitter = { began: OPEN * HOUR + 20, hour: OPEN }
    await store([{ ...edge, ...jitter, sequence: 1, inp: 690 }])
    const live = await answers('late')
    for (const hour of [OPEN - 30, OPEN - 1]) await rollUpHour(env.DB, 'late', hour, NOW)
    for (const day of await starts(staleDays(env.DB, { late: 'all' }, NOW + SETTLED, 9)))
      await rollUpDay(env.DB, 'late', day, NOW)
    const rolled = await answers('late')

    await env.DB.batch([
      env.DB.prepare("DELETE FROM rollups WHERE site = 'late'"),
      env.DB.prepare("DELETE FROM api_rollups WHERE site = 'late'"),
      env.DB.prepare("DELETE FROM periods WHERE site = 'late'"),
    ])
    const raw = await answers('late')
    expect(live).toEqual(raw)
    expect(rolled).toEqual(raw)
    expect(raw.join()).toContain('/moved')
    expect(raw.join()).not.toContain('/lonely')
  })

  it('says so, and says when it is not', async () => {
    expect((await ask('late', 'group_by=route')).source).toBe('rollup')
    expect((await ask('late', 'group_by=route&country=DE')).source).toBe('samples')
    expect((await ask('late', 'metrics=api&group_by=country')).source).toBe('samples')
  })
})

describe('a dirty hour', () => {
  it('rolls up again at three times its age, and costs a late beacon one mark at most', async () => {
    const hour = OPEN - 2
    await store([at(hour, { site: 'cron' })])
    await rollAll('cron')
    const late = at(hour, { site: 'cron', lcp: 2 })
    await store([late])
    const marks = await env.DB.prepare(
      "SELECT state FROM periods WHERE site = 'cron' AND tier = 'hour'",
    ).first('state')
    expect(marks).toBe('dirty')
    expect((await store([{ ...late, sequence: 1 }])).meta.rows_written).toBe(1)
    expect(await starts(staleHours(env.DB, { cron: 'all' }, NOW + 3 * HOUR + SETTLED, 9))).toEqual([])
    expect(await starts(staleHours(env.DB, { cron: 'all' }, NOW + 4 * HOUR + SETTLED, 9))).toEqual([hour])
  })
})

describe('a look at new periods', () => {
  it('finds what is dirty and what is new, and leaves older gaps to a look at all', async () => {
    const [old, gap, newest, next] = [OPEN - 50, OPEN - 46, OPEN - 7, OPEN - 3]
    await store([old, newest].map(hour => at(hour, { site: 'new' })))
    await rollAll('new')
    await store([old, gap, next].map(hour => at(hour, { site: 'new', lcp: 2 })))
    const look = (where: 'all' | 'new') => starts(staleHours(env.DB, { new: where }, NOW + 400 * HOUR, 9))
    // What page views came to late comes last.
    expect(await look('new')).toEqual([next, old])
    expect(await look('all')).toEqual([next, old, gap])
    const day = Math.floor(old / 24) * 24
    for (const hour of [old, gap, next]) await rollUpHour(env.DB, 'new', hour, NOW)
    expect(await starts(staleDays(env.DB, { new: 'new' }, NOW + 400 * HOUR, 9))).toContain(day)
  })

  it('reads no more rows where many periods are kept', async () => {
    const site = 'long'
    await store(Array.from({ length: 300 }, (_, i) => at(OPEN - 3 - i, { site })))
    await env.DB.prepare(
      `INSERT INTO periods (site, tier, start, state, rolled)
        SELECT 'long', t.value, ? - h.value, 'clean', 0 FROM json_each(?) AS h, json_each('["hour","day"]') AS t
        WHERE t.value = 'hour' OR (? - h.value) % 24 = 0`,
    )
      .bind(OPEN, JSON.stringify(Array.from({ length: 840 }, (_, i) => i + 3)), OPEN)
      .run()
    const meter = newMeter()
    const d1 = metered(env.DB, meter)
    expect(await starts(staleHours(d1, { [site]: 'new' }, NOW, 9))).toEqual([])
    expect(await starts(staleDays(d1, { [site]: 'new' }, NOW, 9))).toEqual([])
    expect(meter.read).toBeLessThan(350)
  })
})

describe('a day', () => {
  const day = Math.ceil(FIRST / 24) * 24
  const count = async (site: string) => (await ask(site, 'metrics=lcp')).data[0]?.count

  it('reads a day made dirty during its roll-up by hours, and rolls it up again', async () => {
    for (const [site, late] of [
      ['known-hour', day + 1],
      ['new-hour', day + 9],
    ] as const) {
      await store([at(day + 1, { site })])
      await rollUpHour(env.DB, site, day + 1, NOW)
      await store([at(late, { site })])
      await rollUpDay(env.DB, site, day, NOW)
      expect(await count(site), site).toBe(2)
      await rollUpHour(env.DB, site, late, NOW)
      expect(await starts(staleDays(env.DB, { [site]: 'all' }, NOW + SETTLED, 9))).toEqual([day])
      await rollUpDay(env.DB, site, day, NOW)
      expect(await starts(staleDays(env.DB, { [site]: 'all' }, NOW + SETTLED, 9))).toEqual([])
      expect(await count(site), site).toBe(2)
    }
  })
})

describe('a beacon', () => {
  it('counts a beacon that D1 stores a minute late, after the end of its hour', async () => {
    const end = Math.ceil(OPEN / 24) * 24
    const row = () => at(end - 1, { site: 'slow-store' })
    await store([row()], end * HOUR - 100)
    expect(
      await starts(staleHours(env.DB, { 'slow-store': 'all' }, end * HOUR + 60_000 + SETTLED, 9)),
    ).toEqual([])
    expect(
      await starts(staleHours(env.DB, { 'slow-store': 'all' }, end * HOUR + 300_000 + SETTLED, 9)),
    ).toEqual([end - 1])
    await rollUpHour(env.DB, 'slow-store', end - 1, end * HOUR)
    expect(
      await starts(staleDays(env.DB, { 'slow-store': 'all' }, end * HOUR + 60_000 + SETTLED, 9)),
    ).toEqual([])
  })

  it('that was on its way for long makes the hour dirty in which its row is found', async () => {
    const row = at(OPEN - 1, { site: 'delayed', inp: null })
    await store([row])
    await rollAll('delayed')
    const delayed = { began: OPEN * HOUR + 1_200_000, hour: OPEN }
    await store([{ ...row, ...delayed, sequence: 1, inp: 77 }])
    expect(await ask('delayed', 'metrics=inp')).toMatchObject({ source: 'rollup', data: [{ count: 1 }] })
  })
})

describe('values', () => {
  it('finds names with quotes, backslashes and any letters, live and rolled up', async () => {
    const names = [
      "/a'b",
      '/a"b',
      '/a\\b',
      '/ü/漢/😀',
      '/a`b',
      '/%_',
      '/\u2028',
      '["x"]',
      'null',
      ' x ',
      '[other]',
    ]
    const both = (route: string) =>
      [OPEN - 3, OPEN - 30].map(hour => at(hour, { site: 'names', route, release: route, device: 'phone' }))
    await store(names.flatMap(both))
    for (const phase of ['live', 'rolled up']) {
      for (const name of names) {
        const encoded = encodeURIComponent(name)
        for (const filter of [`route=${encoded}`, `release=${encoded}`, `route=${encoded}&device=phone`]) {
          const { source, data } = await ask('names', `metrics=lcp&${filter}`)
          expect([source, data[0]?.count], `${filter} ${phase}`).toEqual(['rollup', 2])
        }
      }
      const { data } = await ask('names', 'metrics=lcp&device=phone&group_by=route')
      expect(data.map(row => row.group.route)).toEqual(expect.arrayContaining(names))
      await rollAll('names')
    }
  })
})

describe('caps', () => {
  it('do not hide what kept its name in one hour of a day and lost it in another', async () => {
    const [first, second] = [FIRST + 12, FIRST + 13]
    const many = (hour: number) =>
      Array.from({ length: 200 }, (_, i) => at(hour, { site: 'shy', route: `/many/${i}`, weight: 2 }))
    await store([
      ...Array.from({ length: 10 }, () => at(first, { site: 'shy', route: '/shy' })),
      at(second, { site: 'shy', route: '/shy' }),
      ...many(second),
    ])
    const day = Math.floor(first / 24) * 24
    const live = await ask('shy', 'route=/shy&metrics=lcp')
    for (const hour of [first, second]) await rollUpHour(env.DB, 'shy', hour, NOW)
    await rollUpDay(env.DB, 'shy', day, NOW)
    const answer = await ask('shy', 'route=/shy&metrics=lcp')
    expect(answer.data[0]?.count).toBe(11)
    expect(answer.data).toEqual(live.data)
    expect((await ask('shy', 'route=/many/7&metrics=lcp')).data[0]?.count).toBe(2)
  })

  it('keep the largest routes by name and put the rest into (other), in hour and day', async () => {
    const hour = OPEN - 40
    const rows = Array.from({ length: 260 }, (_, i) =>
      at(hour, {
        site: 'caps',
        route: `/r/${String(i).padStart(3, '0')}`,
        weight: i < 200 ? 3 : 1,
        device: 'phone',
      }),
    )
    await store(rows)
    const live = await ask('caps', 'metrics=lcp&group_by=route&limit=200')
    expect(live.data).toHaveLength(201)
    expect(live.data[0]).toMatchObject({ group: { route: '(other)' }, other: true, count: 60 })
    expect(live.data[200]).toMatchObject({ group: { route: '(rest)' }, rest: true, count: 3 })
    await rollAll('caps')
    expect(await ask('caps', 'metrics=lcp&group_by=route&limit=200')).toEqual(live)
    const { results } = await env.DB.prepare(
      "SELECT tier, dimension, count(*) AS n FROM rollups WHERE site = 'caps' AND dimension IN ('route', 'device+route') GROUP BY 1, 2 ORDER BY 1, 2",
    ).all()
    expect(results.map(row => `${row.tier} ${row.dimension} ${row.n}`)).toEqual([
      'day device+route 101',
      'day route 201',
      'hour device+route 101',
      'hour route 201',
    ])
  })

  it('hold for a day as for an hour: the largest of all its hours keep their name', async () => {
    const day = Math.ceil(FIRST / 24) * 24
    for (const half of [0, 1]) {
      await store(
        Array.from({ length: 150 }, (_, i) => i).flatMap(i =>
          Array.from({ length: half && i < 60 ? 5 : 1 }, () =>
            at(day + half, { site: 'wide', route: `/${half}/${i}` }),
          ),
        ),
      )
    }
    await rollAll('wide')
    const { results } = await env.DB.prepare(
      `SELECT value, lcp ->> 'n' AS n FROM rollups WHERE site = 'wide' AND tier = 'day' AND dimension = 'route'`,
    ).all<{ value: string; n: number }>()
    expect(results).toHaveLength(201)
    expect(results.filter(({ n }) => n === 5)).toHaveLength(60)
    expect(results.find(({ value }) => value === '["(other)"]')?.n).toBe(100)
  })

  it('hide no route that is asked for by name: raw rows answer', async () => {
    const rare = await ask('caps', 'metrics=lcp&route=/r/255')
    expect(rare.source).toBe('rollup')
    expect(rare.data[0]?.count).toBe(1)
    const common = await ask('caps', 'metrics=lcp&route=/r/005')
    expect(common.source).toBe('rollup')
    expect(common.data[0]?.count).toBe(3)
  })
})

describe('a roll-up', () => {
  it('of an hour of 20,000 page views with API calls writes at most 1,000 rows', async () => {
    const hour = OPEN - 100
    const pick = <T>(list: T[], i: number) => list[i % list.length] as T
    for (let i = 0; i < 20_000; i += 1000) {
      await store(
        Array.from({ length: 1000 }, (_, j) => {
          const n = i + j
          return at(hour, {
            site: 'large',
            route: `/r/${Math.floor(200 * (((n * 7919) % 20_000) / 20_000) ** 2)}`,
            device: pick(['phone', 'desktop', 'tablet'], n),
            country: `A${String.fromCharCode(65 + (n % 20))}`,
            browser: pick(['Chrome', 'Safari', 'Firefox', 'Edge', 'Opera'], n),
            release: pick(['1', '2', '3'], n >> 2),
            lcp: 500 + ((n * 31) % 6000),
            calls: JSON.stringify({
              0: [
                [`GET /api/${n % 100}`, 1, (n * 37) % 3000, 0, 200],
                [`GET /api/${(n * 7) % 100}`, 1, 50, 1, 500],
              ],
            }),
          })
        }),
      )
    }
    const receipts = await rollUpHour(env.DB, 'large', hour, NOW)
    const written = receipts.reduce((sum, { meta }) => sum + meta.rows_written, 0)
    expect(written).toBeGreaterThan(700)
    expect(written).toBeLessThanOrEqual(1000)
  }, 60_000)
})

describe('an hour', () => {
  const hour = OPEN - 3
  const lender = lenderOf(hour, 35)
  const day = Math.floor(lender / 24) * 24
  const rows = (site: string) => [
    at(hour, { site, route: '/same', lcp: 900, calls: '{"0":[["GET /same",5,60,0,200]]}' }),
    at(hour, { site, route: '/new', lcp: 2900, calls: '{"0":[["GET /new",5,70,0,200]]}' }),
  ]
  const old = (site: string) => [
    at(lender, { site, route: '/same', lcp: 4000, calls: '{"0":[["GET /same",5,900,0,200]]}' }),
    at(lender, { site, route: '/gone', lcp: 5000 }),
  ]
  type Row = Record<string, string | number | null>
  const stored = async (site: string, start: number) => {
    const tables = ['rollups', 'api_rollups', 'measure_rollups']
    const found = await env.DB.batch<Row>(
      tables.map(table =>
        env.DB.prepare(`SELECT * FROM ${table} WHERE site = ? AND tier = 'hour' AND start = ?`).bind(
          site,
          start,
        ),
      ),
    )
    // Of a histogram the order of the buckets says nothing.
    const read = (cell: string | number | null) =>
      typeof cell === 'string' && cell.startsWith('{') ? JSON.parse(cell) : cell
    return found.map(({ results }) =>
      results.map(
        (row): Row => ({
          ...Object.fromEntries(Object.entries(row).map(([k, v]) => [k, read(v)])),
          site: '',
        }),
      ),
    )
  }
  const written = (receipts: D1Result[]) => receipts.reduce((sum, { meta }) => sum + meta.rows_written, 0)
  /** An old hour is rolled up, its day too and sealed where `isSealed`; its raw rows go. */
  async function rollUpOld(site: string, isSealed: boolean) {
    await store(old(site))
    await rollUpHour(env.DB, site, lender, NOW)
    await rollUpDay(env.DB, site, day, NOW)
    await env.DB.prepare('DELETE FROM pageviews WHERE site = ? AND hour = ?').bind(site, lender).run()
    if (isSealed) await retain(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760 }, NOW, 50)
  }

  it('takes over the rows of the hour that is past its days, and is what it is without', async () => {
    await store([...rows('alone'), ...rows('heir')])
    await rollUpOld('heir', true)
    const before = await stored('heir', lender)
    expect(before.flat().length).toBeGreaterThan(10)
    const alone = await rollUpHour(env.DB, 'alone', hour, NOW)
    const heir = await rollUpHour(env.DB, 'heir', hour, NOW, [], 35)
    expect(await stored('heir', hour)).toEqual(await stored('alone', hour))
    expect(written(heir)).toBe(written(alone))
    const left = await stored('heir', lender)
    expect(left.flat().every(({ value }) => /gone/.test(String(value)))).toBe(true)
    const moved = before.flat().length - left.flat().length
    expect(moved).toBeGreaterThan(left.flat().length)

    await rollUpHour(env.DB, 'heir', hour, NOW, [], 35)
    expect(await stored('heir', hour)).toEqual(await stored('alone', hour))
    expect(await ask('heir', 'metrics=lcp,api&group_by=route')).toEqual({
      ...(await ask('alone', 'metrics=lcp,api&group_by=route')),
      site: 'heir',
    })
  })

  it('and a day, rolled up again after a late page view, write what it changes', async () => {
    const many = Array.from({ length: 90 }, (_, i) =>
      at(hour, { site: 'again', route: `/r/${i % 30}`, lcp: i * 20 }),
    )
    await store(many)
    const start = Math.floor(hour / 24) * 24
    const roll = async () =>
      written([
        ...(await rollUpHour(env.DB, 'again', hour, NOW, [], 35)),
        ...(await rollUpDay(env.DB, 'again', start, NOW)),
      ])
    expect(await roll()).toBeGreaterThan(80)
    await store([at(hour, { site: 'again', route: '/r/7', lcp: 9999 })])
    // Nine dimensions in the hour and in the day, one that knows neither release nor connection, and three marks.
    expect(await roll()).toBeLessThanOrEqual(2 * 9 + 3)
    // What no page view has any more goes.
    const [first] = many
    if (first)
      await store([
        { ...first, sequence: 1, route: '/r/7' },
        { ...first, id: newId(), route: '/new' },
      ])
    await env.DB.prepare("DELETE FROM pageviews WHERE site = 'again' AND route = '/r/3'").run()
    await roll()
    const again = await stored('again', hour)
    await env.DB.batch(
      ['rollups', 'api_rollups', 'measure_rollups', 'error_rollups'].map(table =>
        env.DB.prepare(`DELETE FROM ${table} WHERE site = 'again'`),
      ),
    )
    await roll()
    expect(await stored('again', hour)).toEqual(again)
    expect(JSON.stringify(again)).not.toContain('/r/3"')
  })

  it('takes over none while the day may still be made anew from them', async () => {
    await store(rows('early'))
    await rollUpOld('early', false)
    const before = await stored('early', lender)
    await rollUpHour(env.DB, 'early', hour, NOW, [], 35)
    expect(await stored('early', lender)).toEqual(before)
    expect(await stored('early', hour)).toEqual(await stored('alone', hour))
  })
})

describe('no query', () => {
  it('scans a table: every access to one seeks by its primary key', async () => {
    const plans: string[] = []
    // What a subquery made may be read from one end to the other, once.
    const accesses = (details: string[]) => {
      const made = details.flatMap(detail => /^CO-ROUTINE (\w+)$/.exec(detail)?.[1] ?? [])
      return details.filter(detail => {
        const place = made.findIndex(name => detail === `SCAN ${name}`)
        if (place >= 0) made.splice(place, 1)
        return place < 0
      })
    }
    const watched = new Proxy(env.DB, {
      get(target, name) {
        if (name !== 'prepare') return Reflect.get(target, name)
        return (text: string) => ({
          bind: (...values: unknown[]) => {
            const statement = target.prepare(text).bind(...values)
            const all = async () => {
              const plan = await target
                .prepare(`EXPLAIN QUERY PLAN ${text}`)
                .bind(...values)
                .all<{ detail: string }>()
              plans.push(...accesses(plan.results.map(({ detail }) => detail)))
              return statement.all()
            }
            return Object.assign(Object.create(statement), { all })
          },
        })
      },
    })
    for (const question of [...QUESTIONS, 'group_by=route&country=DE']) {
      const range = `from=${new Date(FIRST * HOUR).toISOString()}&to=${new Date(NOW).toISOString()}`
      const query = parseSummaryQuery(new URLSearchParams(`site=equal&${range}&${question}`), NOW)
      if ('ok' in query) await summarize(watched, query.ok, KEPT, NOW)
    }
    const tables = plans.filter(detail => /\b(p|s|r|rollups|api_rollups|periods|pageviews)\b/.test(detail))
    expect(tables.length).toBeGreaterThan(QUESTIONS.length)
    for (const detail of tables)
      expect(detail).not.toMatch(/^SCAN (p|s|r|rollups|api_rollups|periods|pageviews)\b/)
    expect(tables.join('\n')).toMatch(
      /SEARCH rollups USING PRIMARY KEY \(site=\? AND tier=\? AND dimension=\? AND start=\?\)/,
    )
    expect(tables.join('\n')).toMatch(/SEARCH p USING PRIMARY KEY \(site=\? AND hour>\? AND hour<\?\)/)
  })
})
