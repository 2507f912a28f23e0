/** The demo: knobs of the shop's pages arrive as numbers in D1, and the seeded traffic is what it says it is. */

import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INSTALLER, launchBrowser } from '../../demo/local/browser.ts'
import { claimPort } from '../../demo/local/ports.ts'
import { type LocalServer, runCron, startLocal } from '../../demo/local/server.ts'
import { sendAll } from '../../demo/traffic/send.ts'
import { pageViews } from '../../demo/traffic/traffic.ts'
import { summary } from '../../demo/visit/report.ts'
import type { ErrorsAnswer } from '../../schema/api/errors.ts'
import type { SummaryRow } from '../../schema/api/summary.ts'
import { DAY } from '../../schema/domain/hour.ts'
import { inpParts, lcpParts, startedBy, waits } from '../../schema/wire/attribution.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { decode } from '../../schema/wire/decode.ts'
import { cli } from '../cli/run.ts'

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
const NOW = Date.UTC(2026, 10, 14, 12)

test('what installs a browser where there is none is there', () => {
  expect(existsSync(INSTALLER)).toBe(true)
})

describe('traffic', () => {
  const options = { seed: 42, views: 3_000, days: 7, now: NOW }
  const beacons = [...pageViews(options)]

  test('is the same for the same seed, and other for another', () => {
    expect([...pageViews(options)]).toEqual(beacons)
    const other = [...pageViews({ ...options, seed: 43 })]
    expect(other.map(({ view }) => view.id)).not.toContain(beacons[0]?.view.id)
  })

  test('depends on the clock in its ages alone', () => {
    const later = [...pageViews({ ...options, now: NOW + 5.5 * 3_600_000 })]
    const ageless = (list: typeof beacons) => list.map(sent => ({ ...sent, view: { ...sent.view, age: 0 } }))
    expect(ageless(later)).toEqual(ageless(beacons))
  })

  test('lies within its days, the oldest first, more of it by day than by night', () => {
    const ages = beacons.map(({ view }) => view.age)
    expect(ages).toEqual(ages.toSorted((a, b) => b - a))
    expect(Math.max(...ages)).toBeLessThan(7 * DAY)
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0)
    const hours = ages.map(age => new Date(NOW - age).getUTCHours())
    const between = (from: number, to: number) => hours.filter(hour => hour >= from && hour < to).length
    expect(between(18, 22)).toBeGreaterThan(4 * between(1, 5))
  })

  test('goes through the wire form unchanged', () => {
    for (const { view } of beacons) expect(decode(encode(view))).toEqual({ ok: view })
  })

  test('has page views of two beacons under one id, the first without INP', () => {
    const second = beacons.filter(({ view }) => view.sequence === 1)
    expect(second.length).toBeGreaterThan(300)
    for (const { view } of second) {
      const first = beacons.find(sent => sent.view.id === view.id && sent.view.sequence === 0)
      expect(first?.view).toMatchObject({ route: view.route, age: view.age, vitals: { inp: null } })
    }
    expect(beacons.length - second.length).toBe(3_000)
  })

  test('has causes whose parts add up to the vital, where the browser tells them', () => {
    for (const { view, userAgent } of beacons) {
      const { lcp, inp, cls } = view.why
      expect(lcp === null).toBe(view.navigation === 'back-forward-cache')
      if (lcp) expect(sum(lcpParts(view.vitals.lcp ?? 0, lcp))).toBe(view.vitals.lcp)
      expect(inp === null).toBe(view.vitals.inp === null)
      if (inp) expect(sum(inpParts(inp))).toBe(view.vitals.inp)
      if (inp?.script) expect(userAgent).toContain('Chrome/')
      expect(cls === null).toBe(!view.vitals.cls)
      if (cls) expect(cls.value).toBeLessThanOrEqual(view.vitals.cls ?? 0)
    }
  })

  test('has pages that wait for their API, most in the newest release', () => {
    const waiting = (release: string) => {
      const views = beacons.filter(
        ({ view, userAgent }) =>
          view.route === '/p/[id]' && view.release === release && userAgent.includes('Mobile'),
      )
      const waited = views.filter(({ view: { vitals, why, calls } }) =>
        why.lcp
          ? waits(vitals.lcp ?? 0, why.lcp, calls).some(
              (ms, i) => ms > 0 && calls[i]?.endpoint === 'GET /api/products/[id]',
            )
          : false,
      )
      return waited.length / views.length
    }
    expect(waiting('4.2.0')).toBeGreaterThan(0.6)
    // By chance, a call ends within a delay.
    expect(waiting('4.1.1')).toBeLessThan(0.5)
    const started = beacons.filter(
      ({ view: { why, calls } }) => why.inp && startedBy(why.inp, calls).includes(true),
    )
    expect(started.length).toBeGreaterThan(100)
    expect(beacons.some(({ view }) => view.calls.some(({ server }) => server?.[0]?.[0] === 'db'))).toBe(true)
  })

  test('has a newest release that is slower on the product page of phones alone', () => {
    const median = (route: string, release: string, phone = true) => {
      const values = beacons
        .filter(
          ({ view, userAgent }) =>
            view.route === route &&
            view.release === release &&
            view.navigation === 'navigate' &&
            userAgent.includes('Mobile') === phone,
        )
        .map(({ view }) => view.vitals.lcp ?? 0)
        .sort((a, b) => a - b)
      return values[values.length >> 1] ?? 0
    }
    expect(median('/p/[id]', '4.2.0')).toBeGreaterThan(1.3 * median('/p/[id]', '4.1.1'))
    expect(median('/', '4.2.0')).toBeLessThan(1.2 * median('/', '4.1.1'))
    expect(median('/p/[id]', '4.2.0', false)).toBeLessThan(1.2 * median('/p/[id]', '4.1.1', false))
  })
})

describe('a local fieldline', () => {
  let server: LocalServer
  let browser: Browser

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startLocal({ port: 0 }), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })

  /** Opens a page of the shop, does something, leaves. */
  async function visit(
    path: string,
    act: (page: Awaited<ReturnType<Browser['newPage']>>) => Promise<unknown>,
  ) {
    const page = await browser.newPage()
    await page.goto(`${server.url}/demo/${path}`)
    await act(page)
    await page.goto('about:blank')
    await page.close()
  }

  /** The only row that answers the query, once the beacon has arrived; undefined where none arrives. */
  async function arrived(query: Record<string, string>): Promise<SummaryRow | undefined> {
    for (let tries = 0; tries < 50; tries++) {
      const rows = await summary(server, query)
      if (rows.length) return rows[0]
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    return undefined
  }

  test('counts a slow hero as LCP and a late banner as CLS', async () => {
    await visit('?slow-hero&late-banner', async page => {
      await page.getByText('Free delivery').waitFor()
      await page.locator('#hero').evaluate((hero: HTMLImageElement) => hero.decode())
      await page.waitForTimeout(200)
    })
    const lcp = await arrived({ metrics: 'lcp', route: '/demo' })
    expect(lcp?.percentiles.p50?.value).toBeGreaterThan(2_000)
    const cls = await arrived({ metrics: 'cls', route: '/demo' })
    expect(cls?.percentiles.p50?.value).toBeGreaterThan(0.1)
  })

  test('counts a blocking button as INP and a slow API as an API call', async () => {
    await visit('p/4?block&slow-api', async page => {
      await page.getByRole('button', { name: 'Add to cart' }).click()
      await page.getByText('Your cart comes to').waitFor()
    })
    const inp = await arrived({ metrics: 'inp', route: '/demo/p/[id]' })
    expect(inp?.percentiles.p50?.value).toBeGreaterThan(340)
    const call = await arrived({ metrics: 'api', endpoint: 'POST /demo/api/cart' })
    expect(call?.percentiles.p50?.value).toBeGreaterThan(1_180)
    expect(call?.error_rate).toBe(0)
  })

  test('counts a failing API as errors', async () => {
    // The page posts as it loads, and has the script deferred to run before.
    await visit('cart?failing-api', page => page.getByText('answered 500').waitFor())
    const call = await arrived({ metrics: 'api', route: '/demo/cart', group_by: 'endpoint' })
    expect(call).toMatchObject({ group: { endpoint: 'POST /demo/api/cart' }, error_rate: 1 })
  })

  test('counts an uncaught error and a rejection by their fingerprints', async () => {
    const page = await browser.newPage()
    // However late the script comes.
    let begin = () => {}
    const begun = new Promise<void>(resolve => {
      begin = resolve
    })
    await page.route('**/fieldline.js', route => begun.then(() => route.continue()))
    const failed = page.waitForEvent('pageerror', error => error.name === 'TypeError')
    const shown = page.goto(`${server.url}/demo/browse?throws&rejects`)
    await page.getByText('Plum vase').waitFor()
    begin()
    await Promise.all([shown, failed])
    await page.goto('about:blank')
    await page.close()
    await arrived({ metrics: 'errors', route: '/demo/browse' })
    const answer = await fetch(`${server.url}/v1/errors?site=demo`, {
      headers: { Authorization: `Bearer ${server.token}` },
    })
    const { data } = (await answer.json()) as ErrorsAnswer
    const found = data.map(({ kind, message, script }) => [kind, message, script])
    expect(found.sort()).toEqual([
      ['error', 'TypeError: Cannot set properties of null (setting', '/demo/knobs.js'],
      ['unhandledrejection', 'No stock of product', ''],
    ])
  })

  test('counts a client-side route change as a page view of its own', async () => {
    await visit('browse', async page => {
      await page.getByRole('link', { name: 'Vases' }).click()
      await page.getByText('Plum vase').waitFor()
      await page.waitForTimeout(300)
    })
    const view = await arrived({ metrics: 'cls,lcp', route: '/demo/browse/vases', group_by: 'navigation' })
    expect(view).toMatchObject({ count: 1, group: { navigation: 'soft-navigation' } })
  })

  test('takes seeded traffic whole', async () => {
    const before = await summary(server, { metrics: 'lcp', from: '-7d', country: 'DE' })
    expect(before).toEqual([])
    const beacons = [...pageViews({ seed: 1, views: 200, days: 7, now: Date.now() })]
    let steps = 0
    await sendAll({ ...server, site: 'demo' }, beacons, () => steps++)
    expect(steps).toBe(beacons.length)
    const german = new Set(beacons.filter(sent => sent.country === 'DE').map(({ view }) => view.id))
    const [row] = await summary(server, { metrics: 'lcp', from: '-7d', country: 'DE' })
    expect(row?.count).toBe(german.size)
  })

  test('rolls up and judges budgets, as the clock does on Cloudflare', async () => {
    const headers = { Authorization: `Bearer ${server.token}` }
    const ask = (path: string, init = {}) => fetch(`${server.url}${path}`, { headers, ...init })
    const week = { metrics: 'lcp', from: '-7d' }
    const before = await summary(server, week)
    const budget = { metric: 'lcp', limit: 1, window_hours: 168, minimum: 10 }
    const made = await ask('/v1/sites/demo/budgets', {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(budget),
    })
    expect(made.status, await made.text()).toBe(201)
    expect(await runCron(server.url)).toBe(true)
    expect(await (await ask('/v1/budgets?site=demo')).json()).toMatchObject({
      data: [{ metric: 'lcp', state: 'breached' }],
    })
    expect(await (await ask('/v1/metrics?site=demo')).text()).toMatch(/^fieldline_lcp_seconds_count/m)
    expect(await summary(server, week)).toEqual(before)
  })

  test('is well by what fieldline doctor looks at, its page included', async () => {
    const page = `${server.url}/demo/`
    const env = { FIELDLINE_URL: server.url, FIELDLINE_TOKEN: server.token }
    const { out } = await cli(['doctor', '--site', 'demo', '--page', page], env)
    const lines = out.trimEnd().split('\n')
    // The budget that the test before has made is breached.
    expect(lines.filter(line => line.startsWith('to do'))).toEqual([
      expect.stringMatching(/^to do +budgets: 1 of 1 /),
    ])
    expect(out).toMatch(/^ok +script: served and cached/m)
    expect(out).toMatch(/^ok +beacon: accepted and stored/m)
    expect(out).toMatch(/^ok +page: has the tag/m)
  })

  test('says why it takes no beacon, or no port', async () => {
    const beacons = pageViews({ seed: 1, views: 20, days: 1, now: Date.now() })
    await expect(sendAll({ ...server, site: 'nowhere' }, beacons, () => {})).rejects.toThrow(
      'refused a beacon: 404',
    )
    const gone = { url: 'http://127.0.0.1:9', token: 'x', site: 'demo' }
    await expect(
      sendAll(gone, pageViews({ seed: 1, views: 1, days: 1, now: NOW }), () => {}),
    ).rejects.toThrow('cannot be reached')
    await expect(claimPort(Number(new URL(server.url).port))).rejects.toThrow('is taken')
  })
})
