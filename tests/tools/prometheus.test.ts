import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { bill } from '../kit/bill.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

const isInstalled = ['prometheus', 'promtool'].every(name => spawnSync(name, ['--version']).status === 0)
const isRequired = Boolean(process.env.CI)
if (!isInstalled && !isRequired) {
  console.warn(
    'prometheus and promtool are not installed (apt-get install prometheus): their tests are skipped',
  )
}

const WEEK = 7 * 24
/** The Monday of last week, in hours since 1970. */
const MONDAY = Math.floor((Date.now() / 3_600_000 - 4 * 24) / WEEK) * WEEK + 4 * 24 - WEEK
const bearer = { Authorization: `Bearer ${ADMIN_TOKEN}` }

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise(done => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Starts Prometheus with a scrape a second of the site `shop`; resolves when it listens. */
async function startPrometheus(worker: URL, folder: string): Promise<{ url: URL; process: ChildProcess }> {
  const config = join(folder, 'prometheus.yml')
  writeFileSync(
    config,
    `scrape_configs:
  - job_name: fieldline
    scrape_interval: 1s
    scrape_timeout: 1s
    metrics_path: /v1/metrics
    params: { site: [shop] }
    authorization: { credentials: ${ADMIN_TOKEN} }
    static_configs: [{ targets: ['${worker.host}'] }]
`,
  )
  const checked = spawnSync('promtool', ['check', 'config', config], { encoding: 'utf8' })
  if (checked.status !== 0) throw new Error(checked.stderr)
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=${address}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const log: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    log.push(line)
    if (line.includes('ready to receive web requests')) {
      child.stderr.resume()
      return { url: new URL(`http://${address}`), process: child }
    }
  }
  throw new Error(log.join('\n'))
}

describe.skipIf(!isInstalled && !isRequired)('Prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-prometheus-'))
  let local: Local
  let prometheus: { url: URL; process: ChildProcess }

  const fill = async (hour: number, views: number) => {
    const traffic = { site: 'shop', from: hour, hours: 1, views, callsIn: 2, routes: 30, endpoints: 30 }
    for (const statement of insertTraffic(traffic)) await local.db.prepare(statement).all()
    await local.db.prepare('UPDATE pageviews SET errors = lcp > 4000').all()
    await bill(local, `hour?site=shop&start=${hour}&now=${(hour + 4) * 3_600_000}`)
  }
  const query = async (text: string): Promise<number | null> => {
    const response = await fetch(new URL(`/api/v1/query?query=${encodeURIComponent(text)}`, prometheus.url))
    const { data, error } = (await response.json()) as {
      data?: { result: { value: [number, string] }[] }
      error?: string
    }
    if (!data) throw new Error(error)
    return data.result[0] ? Number(data.result[0].value[1]) : null
  }
  /** Asks once a scrape until Prometheus has seen what is expected. */
  const seen = (text: string, expected: number) =>
    expect.poll(() => query(text), { interval: 500, timeout: 30_000 }).toBe(expected)
  const p75 = async (metric: string, from: number, to: number) => {
    const range = `from=${new Date(from * 3_600_000).toISOString()}&to=${new Date(to * 3_600_000).toISOString()}`
    const address = new URL(`/v1/summary?site=shop&${range}&metrics=${metric}&percentiles=75`, local.url)
    const { data } = (await (await fetch(address, { headers: bearer })).json()) as SummaryAnswer
    return (data[0]?.percentiles.p75?.value ?? Number.NaN) / (metric === 'cls' ? 1 : 1_000)
  }
  const scrape = async () =>
    (await fetch(new URL('/v1/metrics?site=shop', local.url), { headers: bearer })).text()
  /** The bounds of the bucket that a value lies in. */
  const bucketOf = async (name: string, value: number) => {
    const pattern = new RegExp(`^${name}_bucket\\{site="shop",le="(.*)"\\}`, 'gm')
    const bounds = [0, ...[...(await scrape()).matchAll(pattern)].map(match => Number(match[1]))]
    const index = bounds.findIndex(bound => bound >= value)
    return [bounds[index - 1] ?? 0, bounds[index] ?? Number.POSITIVE_INFINITY] as const
  }

  beforeAll(async () => {
    local = await startLocal('tests/kit/worker/metered.ts')
    await fetch(new URL('/v1/sites/shop', local.url), {
      method: 'PUT',
      headers: bearer,
      body: JSON.stringify({ origins: ['*'] }),
    })
    await fill(MONDAY, 3_000)
    prometheus = await startPrometheus(local.url, folder)
  }, 120_000)
  afterAll(async () => {
    if (prometheus) {
      const ended = new Promise(done => prometheus.process.once('exit', done))
      prometheus.process.kill()
      await ended
    }
    await local?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds nothing to complain about in the text', async () => {
    const input = await scrape()
    expect(input).toMatch(/^fieldline_route_page_views_with_error_total\{/m)
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    })
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })

  it('takes every question of the dashboard and of the alert rules', async () => {
    const alerts = 'examples/prometheus/alerts.json'
    expect(spawnSync('promtool', ['check', 'rules', alerts], { encoding: 'utf8' })).toMatchObject({
      status: 0,
    })
    const dashboard: { panels: { targets: { expr: string }[] }[] } = JSON.parse(
      readFileSync('examples/grafana/fieldline.json', 'utf8'),
    )
    const { groups }: { groups: { rules: { expr: string }[] }[] } = JSON.parse(readFileSync(alerts, 'utf8'))
    const questions = [
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ]
    expect(questions.length).toBeGreaterThan(10)
    const text = await scrape()
    for (const question of questions) {
      await query(question.replaceAll('$site', 'shop').replaceAll('$window', '1d'))
      for (const [name] of question.matchAll(/fieldline_\w+/g))
        expect(text).toMatch(new RegExp(`^${name}\\{`, 'm'))
    }
  })

  it('scrapes with the token, and finds p75 in the bucket that the summary has it in', async () => {
    await seen('up{job="fieldline"}', 1)
    await seen('fieldline_page_views_total{site="shop"}', 3_000)
    for (const [metric, name] of [
      ['lcp', 'fieldline_lcp_seconds'],
      ['inp', 'fieldline_inp_seconds'],
      ['cls', 'fieldline_cls_score'],
      ['api', 'fieldline_api_seconds'],
    ] as const) {
      const [low, high] = await bucketOf(name, await p75(metric, MONDAY, MONDAY + 1))
      const found = await query(`histogram_quantile(0.75, ${name}_bucket)`)
      expect(found, `${name} from ${low} to ${high}`).toBeGreaterThanOrEqual(low)
      expect(found, `${name} from ${low} to ${high}`).toBeLessThanOrEqual(high)
    }
    expect(await query('count(fieldline_route_lcp_seconds_count)')).toBe(10)
  })

  it('sees the next hour as an increase, and the next week as a restart', async () => {
    await fill(MONDAY + 5, 1_500)
    await seen('fieldline_lcp_seconds_count{site="shop"}', 4_500)
    await seen('resets(fieldline_lcp_seconds_count{site="shop"}[1m])', 0)
    const [low, high] = await bucketOf('fieldline_lcp_seconds', await p75('lcp', MONDAY + 5, MONDAY + 6))
    const found = await query('histogram_quantile(0.75, increase(fieldline_lcp_seconds_bucket[1m]))')
    expect(found).toBeGreaterThanOrEqual(low)
    expect(found).toBeLessThanOrEqual(high)

    await fill(MONDAY + WEEK, 500)
    await seen('fieldline_lcp_seconds_count{site="shop"}', 500)
    await seen('resets(fieldline_lcp_seconds_count{site="shop"}[1m])', 1)
    // 1,500 and 500 were added; Prometheus draws what it saw out to the whole minute, by less than half of it.
    const increase = await query('increase(fieldline_lcp_seconds_count{site="shop"}[1m])')
    expect(increase).toBeGreaterThanOrEqual(2_000)
    expect(increase).toBeLessThan(4_000)
  })
})
