import { env, exports } from 'cloudflare:workers'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import { cron } from '../../../worker/cron.ts'
import { retain } from '../../../worker/histogram/retain.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { store } from '../../../worker/store/upsert.ts'
import { admin, ORIGIN, put } from '../../kit/worker/client.ts'
import { pageViewRow } from '../../kit/worker/rows.ts'

const bucket = env.ARCHIVE

const NOW = Date.now()
/** The first hour of a day that is past `day_days`, and of the next. */
const OLDEST = Math.floor(NOW / DAY - 40) * 24
const NEXT = OLDEST + 24
const SITE = { rawDays: 2, hourDays: 3, dayDays: 36 }

const fileOf = (site: string, day: number) =>
  `days/site=${site}/${new Date(day * HOUR).toISOString().slice(0, 10)}.parquet`
const keys = async (site: string) =>
  (await bucket.list({ prefix: `days/site=${site}/` })).objects.map(({ key }) => key)
const days = async (site: string) => {
  const { results } = await env.DB.prepare(
    `SELECT DISTINCT start FROM rollups WHERE site = ? AND tier = 'day' ORDER BY start`,
  )
    .bind(site)
    .all<{ start: number }>()
  return results.map(({ start }) => start)
}
const keep = (site: string, archive: R2Bucket = bucket, statements = 50) =>
  retain(env.DB, { id: site, ...SITE }, NOW, statements, archive)

/** Page views of two old days, rolled up. */
async function fill(site: string) {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  const calls = '{"0":[["GET /api/cart",10,120,0,200]]}'
  const errorList = '[["error","boom","/app.js",1,2,1]]'
  const rows = [OLDEST, NEXT].flatMap(day =>
    Array.from({ length: 40 }, (_, i) =>
      pageViewRow({
        ...{
          site,
          hour: day + 5,
          began: (day + 5) * HOUR,
          lcp: 1_000 + i * 50,
          route: i % 4 ? '/' : '/p/[id]',
        },
        ...{ calls, errors: 1, errorList, tags: '{"plan":"pro"}' },
      }),
    ),
  )
  await store(env.DB, rows, NOW)
  for (const day of [OLDEST, NEXT]) {
    await rollUpHour(env.DB, site, day + 5, NOW, ['tag:plan'])
    await rollUpDay(env.DB, site, day, NOW, ['tag:plan'])
  }
}

describe('a day past day_days', () => {
  beforeAll(() => fill('kept'))

  it('is a file before it leaves D1, one day a run', async () => {
    const tables = ['rollups', 'api_rollups', 'measure_rollups', 'error_rollups']
    const stored = await env.DB.batch<Record<string, string | null>>(
      tables.map(table =>
        env.DB.prepare(`SELECT * FROM ${table} WHERE site = 'kept' AND tier = 'day' AND start = ?`).bind(
          OLDEST,
        ),
      ),
    )
    await keep('kept')
    expect([await keys('kept'), await days('kept')]).toEqual([[fileOf('kept', OLDEST)], [NEXT]])

    const object = await bucket.get(fileOf('kept', OLDEST))
    if (!object) throw new Error('no file')
    const rows = await parquetReadObjects({ file: await object.arrayBuffer() })
    expect(rows.length).toBe(stored.flatMap(({ results }) => results).length)
    expect(rows[0]?.day).toEqual(new Date(OLDEST * HOUR))
    expect(new Set(rows.map(({ dimension }) => dimension))).toEqual(
      new Set(stored.flatMap(({ results }) => results.map(({ dimension }) => dimension))),
    )
    for (const [i, { results }] of stored.entries())
      for (const { site, tier, start, dimension, value, ...columns } of results) {
        const named = tables[i] === 'error_rollups' ? { error: columns.errors } : columns
        expect(rows).toContainEqual(expect.objectContaining({ dimension, value, ...named }))
      }

    await keep('kept')
    expect([(await keys('kept')).length, await days('kept')]).toEqual([2, []])
    await keep('kept')
    expect((await keys('kept')).length, 'nothing is left to file').toBe(2)
  })
})

describe('an archive that takes nothing', () => {
  beforeAll(() => fill('refused'))

  it('holds the days in D1, and nothing else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const full = new Proxy(bucket, {
      get: (target, name) =>
        name === 'put' ? () => Promise.reject(new Error('R2 is full')) : Reflect.get(target, name),
    })
    await keep('refused', full)
    expect([await keys('refused'), await days('refused')]).toEqual([[], [OLDEST, NEXT]])
    expect(log.mock.calls.flat().join(' ')).toContain('a day of site refused cannot be archived')
    log.mockRestore()
    await keep('refused', bucket, 3)
    expect(await days('refused'), 'a run without room files nothing').toEqual([OLDEST, NEXT])
    await keep('refused')
    expect(await days('refused')).toEqual([NEXT])
  })
})

describe('a site that is deleted', () => {
  it('takes its files along, and no other', async () => {
    await fill('gone')
    await fill('gone-not')
    for (const site of ['gone', 'gone-not']) await keep(site)
    expect((await keys('gone')).length).toBe(1)
    await exports.default.fetch('https://rum.example/v1/sites/gone', { method: 'DELETE', headers: admin })
    for (let run = 0; run < 3; run++) await cron(env, Date.now() + 2 * 60_000 + run, 900, bucket)
    expect([await keys('gone'), (await keys('gone-not')).length]).toEqual([[], 1])
  })
})
