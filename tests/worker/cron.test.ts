import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { cron } from '../../worker/cron.ts'
import { statementsOf } from '../../worker/env.ts'
import { rollUpDay, rollUpHour } from '../../worker/histogram/rollup.ts'
import { RATE_DELAY } from '../../worker/ingest/control.ts'
import { SETTLED, staleDays, staleHours } from '../../worker/store/periods.ts'
import { store } from '../../worker/store/upsert.ts'
import { ORIGIN, put } from '../kit/worker/client.ts'
import { metered, newMeter } from '../kit/worker/meter.ts'
import { pageViewRow, starts } from '../kit/worker/rows.ts'

const NOW = Date.UTC(2026, 10, 20, 10, 30)
const OPEN = Math.floor(NOW / HOUR)
const RUN = 5 * MINUTE

const at = (site: string, hour: number) => pageViewRow({ site, hour, began: hour * HOUR })

/** Many sites, without the requests that would make them. */
async function addSites(names: readonly string[]): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO sites (id, origins, key, created) SELECT value, '["*"]', 'k', 0 FROM json_each(?)`,
  )
    .bind(JSON.stringify(names))
    .run()
}

const named = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`)

/** The sites of which an hour is rolled up. */
async function served(): Promise<Set<string>> {
  const { results } = await env.DB.prepare(`SELECT DISTINCT site FROM periods WHERE tier = 'hour'`).all<{
    site: string
  }>()
  return new Set(results.map(({ site }) => site))
}

/** Makes each roll-up of a site's hours fail. */
const refuse = (site: string, and = '') =>
  env.DB.exec(
    `CREATE TRIGGER refuses BEFORE INSERT ON rollups WHEN NEW.site = '${site}' AND NEW.tier = 'hour' ${and} BEGIN SELECT RAISE(ABORT, 'no room'); END`,
  )

let logged: MockInstance

beforeEach(() => {
  logged = vi.spyOn(console, 'error').mockImplementation(() => {})
})

afterEach(async () => {
  vi.restoreAllMocks()
  await env.DB.exec('DROP TRIGGER IF EXISTS refuses')
  for (const table of ['sites', 'pageviews', 'periods', 'rollups']) await env.DB.exec(`DELETE FROM ${table}`)
})

describe('a run', () => {
  it('announces a lower rate before it begins, however long the run has taken', async () => {
    await addSites(['lowered'])
    await env.DB.prepare("INSERT INTO rates VALUES ('lowered', ?, 64)")
      .bind(NOW - HOUR)
      .run()
    const clock = vi.spyOn(Date, 'now').mockReturnValueOnce(NOW)
    clock.mockReturnValue(NOW + 2 * MINUTE)
    await cron(env, NOW)
    const last = "SELECT rate, since FROM rates WHERE site = 'lowered' ORDER BY since DESC LIMIT 1"
    expect(await env.DB.prepare(last).first()).toEqual({ rate: 16, since: NOW + 2 * MINUTE + RATE_DELAY })
  })

  it('asks one question for each kind of work, however many sites have none', async () => {
    await addSites(named('idle', 500))
    await store(
      env.DB,
      named('idle', 500).map(site => at(site, OPEN - 4)),
      NOW,
    )
    await env.DB.exec(
      `INSERT INTO periods (site, tier, start, state, rolled) SELECT id, 'hour', ${OPEN - 4}, 'clean', ${OPEN} FROM sites`,
    )
    const meter = newMeter()
    // No site looks for what is old in this run.
    await cron({ DB: metered(env.DB, meter) }, NOW + RUN)
    expect(meter.statements).toBeLessThanOrEqual(5)
    expect(meter.read).toBeLessThan(8_000)
    expect(meter.written).toBe(0)
  })

  it('stays within the statements of the free plan', async () => {
    const sites = named('full', 4)
    await addSites(sites)
    for (let hour = OPEN - 30; hour < OPEN; hour++)
      await store(
        env.DB,
        sites.map(site => at(site, hour)),
        NOW,
      )
    let runs = 0
    for (let left = 1; left > 0 && runs < 40; runs++) {
      const meter = newMeter()
      await cron({ DB: metered(env.DB, meter) }, NOW + runs * RUN)
      expect(meter.statements).toBeLessThanOrEqual(50)
      const looks = Object.fromEntries(sites.map(site => [site, 'all' as const]))
      left = (await staleHours(env.DB, looks, NOW + SETTLED, 99)).length
    }
    expect(runs).toBeLessThan(40)
  })

  it('takes the statements that the settings allow', () => {
    expect(statementsOf({})).toBe(45)
    expect(statementsOf({ CRON_STATEMENTS: '900' })).toBe(900)
    expect(logged).not.toHaveBeenCalled()
    expect(statementsOf({ CRON_STATEMENTS: 'many' })).toBe(45)
    expect(logged).toHaveBeenCalledWith('CRON_STATEMENTS must be a number from 45, not many')
  })
})

describe('turns', () => {
  it('come to every site, past one with a backlog and one that fails', async () => {
    const sites = named('shop', 60)
    await addSites([...sites, 'backlog', 'fails'])
    await store(
      env.DB,
      [...sites, 'fails'].map(site => at(site, OPEN - 4)),
      NOW,
    )
    await store(
      env.DB,
      Array.from({ length: 200 }, (_, i) => at('backlog', OPEN - 300 + i)),
      NOW,
    )
    await refuse('fails')
    const seen = new Set<string>()
    let runs = 0
    while (sites.some(site => !seen.has(site)) && runs < 40) {
      await cron(env, NOW + runs++ * RUN)
      for (const site of await served()) seen.add(site)
    }
    // 62 sites at 8 statements an hour, of 45 a run, without those for what is old.
    expect(runs).toBeLessThanOrEqual(20)
  })

  it('come round to the old rows of every site, however many there are', async () => {
    // As many as there are runs between two that delete: turns must not fall in step with them.
    const sites = named('turn', 7)
    for (const site of sites) {
      await put(`/v1/sites/${site}`, { origins: [ORIGIN], raw_days: 1 })
      await store(env.DB, [at(site, OPEN - 60)], NOW)
      for (const hour of await starts(staleHours(env.DB, { [site]: 'all' }, NOW + SETTLED, 9)))
        await rollUpHour(env.DB, site, hour, NOW)
      for (const day of await starts(staleDays(env.DB, { [site]: 'all' }, NOW + SETTLED, 9)))
        await rollUpDay(env.DB, site, day, NOW)
    }
    for (let run = 0; run < 7 * sites.length; run++) await cron(env, NOW + run * RUN)
    expect(await env.DB.prepare('SELECT count(*) AS n FROM pageviews').first('n')).toBe(0)
  })

  it('go on with the other hours and days where one cannot be rolled up', async () => {
    await addSites(['broken'])
    const hour = OPEN - 48
    await store(
      env.DB,
      [hour, hour + 1, hour + 24].map(hour => at('broken', hour)),
      NOW,
    )
    await refuse('broken', `AND NEW.start = ${hour}`)
    for (const run of [0, 1, 2, 3]) await cron(env, NOW + run * RUN)
    const { results } = await env.DB.prepare(
      "SELECT tier, start FROM periods WHERE site = 'broken' ORDER BY tier, start",
    ).all()
    expect(results).toEqual([
      { tier: 'day', start: Math.floor((hour + 24) / 24) * 24 },
      { tier: 'hour', start: hour + 1 },
      { tier: 'hour', start: hour + 24 },
    ])
  })
})
