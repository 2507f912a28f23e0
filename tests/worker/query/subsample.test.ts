import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { boundOf, subsample } from '../../../worker/query/subsample.ts'
import { prepare } from '../../../worker/store/statement.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'

/** 40 closed hours that only this file writes to. */
const HOURS = 40
const FIRST = Math.floor(Date.now() / HOUR) - 100
const NOW = (FIRST + HOURS) * HOUR
/** Rows that D1 counts for a probe that ends at once, beside the page views. */
const PROBE_ROWS = 8
const range = (site: string) => ({ site, from: FIRST * HOUR, to: NOW })
const each = { cost: sql`1` }

/** Page views with random-looking ids: a multiplicative hash of the serial number in the leading digits. */
async function fill(site: string, views: number): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${views - 1})
      INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, lcp)
      SELECT '${site}', ${FIRST} + i % ${HOURS}, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i),
        (${FIRST} + i % ${HOURS}) * ${HOUR}, 0, 1, 'navigate', '/', 'phone', 1000 FROM serial`,
  ).run()
}

beforeAll(async () => {
  await fill('few', 900)
  await fill('some', 15_000)
  await fill('many', 60_000)
})

/** Thins, reads what it says, and tells what D1 counted for both. */
async function look(site: string, need: Parameters<typeof subsample>[2], per = 1) {
  const meter = newMeter()
  const d1 = metered(env.DB, meter)
  const { oneIn, from, where } = await subsample(d1, range(site), need, NOW)
  const fan = JSON.stringify(Array.from({ length: per - 1 }, (_, i) => i))
  const all = per > 1 ? sql`${from} CROSS JOIN json_each(${fan}) AS e` : from
  const { results } = await prepare(d1, sql`SELECT count(*) AS n FROM ${all} WHERE ${where}`).all<{
    n: number
  }>()
  return { oneIn, rows: (results[0]?.n ?? 0) / Math.max(1, per - 1), ...meter }
}

describe('a thinned read', () => {
  it('reads everything where that is cheap', async () => {
    expect(await look('few', each)).toMatchObject({ oneIn: 1, rows: 900, read: 2 * 900 + PROBE_ROWS })
  })

  it('reads no more rows than it may, finding out included, and not needlessly few', async () => {
    for (const reads of [3_000, 5_000, 10_000, 20_000]) {
      for (const site of ['some', 'many']) {
        const { read, oneIn } = await look(site, { ...each, reads })
        expect(read, `${site} ${reads}`).toBeLessThanOrEqual(reads)
        if (oneIn > 1) expect(read, `${site} ${reads}`).toBeGreaterThan(reads / 2)
      }
    }
  })

  it('allows for what D1 counts beside the page views themselves', async () => {
    const { read, oneIn } = await look('some', { cost: sql`6` }, 6)
    expect(read).toBeLessThanOrEqual(20_000)
    expect(oneIn).toBe(6)
  })

  it('lets no more of what fits through than it should', async () => {
    const all = await look('some', { ...each, matches: sql`1`, most: 1_000 })
    expect(all.rows).toBeLessThanOrEqual(1_100)
    const none = await look('some', { ...each, matches: sql`p.lcp > 5000`, most: 1_000 })
    expect(none.oneIn).toBe(1)
  })

  it('stays no finer than it should', async () => {
    expect((await look('few', { ...each, atLeast: 8 })).oneIn).toBe(8)
  })

  it('looks at page views evenly', async () => {
    const { rows, oneIn } = await look('many', each)
    expect(Math.abs(rows * oneIn - 60_000) / 60_000).toBeLessThan(0.02)
  })

  it('seeks the key', async () => {
    const plans = []
    for (const site of ['few', 'many']) {
      const { from, where } = await subsample(env.DB, range(site), each, NOW)
      const { results } = await prepare(
        env.DB,
        sql`EXPLAIN QUERY PLAN SELECT p.lcp FROM ${from} WHERE ${where}`,
      ).all<{ detail: string }>()
      plans.push(results.map(({ detail }) => detail).join(', '))
    }
    expect(plans).toEqual([
      'SEARCH p USING PRIMARY KEY (site=? AND hour>? AND hour<?)',
      'SCAN 40-ROW VALUES CLAUSE, SEARCH p USING PRIMARY KEY (site=? AND hour=? AND id<?)',
    ])
  })

  it('asks the roll-ups of its days how much to look at', async () => {
    const asked = async () => {
      const meter = newMeter()
      const { oneIn } = await subsample(metered(env.DB, meter), range('many'), each, NOW)
      return { oneIn, read: meter.read }
    }
    const day = Math.ceil(FIRST / 24) * 24
    const say = (views: string) =>
      env.DB.prepare(
        `INSERT OR REPLACE INTO rollups (site, tier, dimension, start, value, views) VALUES ('many', 'day', 'all', ?, '[]', ?)`,
      )
        .bind(day, views)
        .run()
    const blind = await asked()
    await say('{"n":60000,"s":60000,"q":60000}')
    const told = await asked()
    expect([4, 5]).toContain(blind.oneIn)
    expect([4, 5]).toContain(told.oneIn)
    expect(blind.read).toBeGreaterThan(2_000)
    expect(told.read).toBeLessThan(700)
    // Rows that were deleted since, rows that came since, and a broken row.
    for (const views of ['{"n":9e6,"s":9000000,"q":9e6}', '{"n":1,"s":1,"q":1}', '{"n":']) {
      await say(views)
      expect([4, 5], views).toContain((await asked()).oneIn)
    }
  })

  it('of nothing is cheap', async () => {
    expect(await look('nobody', each)).toMatchObject({ oneIn: 1, rows: 0, read: PROBE_ROWS })
  })
})

it('the bound of a share is that share of all ids', () => {
  expect([2, 16, 2 ** 24].map(boundOf)).toEqual(['8000000000000000', '1000000000000000', '0000010000000000'])
})
