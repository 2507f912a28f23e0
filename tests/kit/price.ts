/**
 * What fieldline costs on Cloudflare: measured rows of a day go in, the Markdown table for the README comes out.
 *
 * @see https://developers.cloudflare.com/d1/platform/pricing/
 * @see https://developers.cloudflare.com/workers/platform/pricing/
 */

import { ASSUMED, type DayCost, measureDays } from '../bench/cost.ts'

/** Dollars for a million, beyond what the paid plan includes. */
const PRICE = { request: 0.3, written: 1, read: 0.001, cpu: 0.02 }
/** What the paid plan costs, and what it includes, a month. */
const PAID = { base: 5, requests: 10e6, written: 50e6, read: 25e9, cpu: 30e6 }
const MONTH = 30
/** The free plan, a day. */
const FREE = { requests: 100_000, written: 100_000, read: 5_000_000 }
/** ms of CPU of a beacon: assumed, at the upper end. */
const CPU = 1
/** Runs of the cron, which are requests, too. */
const RUNS = 288
/**
 * Log events of a page view where each request is logged, as is Cloudflare's default; the runs of the cron are spread over
 * the page views. As wrangler.toml is shipped there are none: tests/project/deploy.test.ts.
 */
const LOGGED = ASSUMED.beacons + RUNS / 10_000
/** Page views a day of the site that is priced; a tenth of them is the second column. */
const VIEWS = 10_000

export async function costTable(): Promise<string> {
  const [tenth, all] = await measureDays([VIEWS / 10, VIEWS])
  const [tagged] = await measureDays([VIEWS], 'plan')
  if (!tenth || !all || !tagged) throw new Error('nothing was measured')
  const columns = [
    { stored: all, sent: 1 },
    { stored: tenth, sent: 0.1 },
  ]
  const row = (name: string, cell: (column: (typeof columns)[number]) => string) =>
    `| ${[name, ...columns.map(cell)].join(' | ')} |`
  const fits = (share: number) => capacity(tenth, all, share)
  return [
    `| A site of ${count(VIEWS)} page views a day | every page view | \`data-sample="0.1"\` |`,
    '|---|---|---|',
    row('Rows written for a page view', ({ stored }) => (stored.written / VIEWS).toFixed(2)),
    row('Rows read for a page view', ({ stored }) => count(stored.read / VIEWS)),
    row(
      'Paid plan: a million page views beyond what it includes',
      ({ stored, sent }) => `$${dollars(stored, sent).toFixed(2)}`,
    ),
    row(
      'Paid plan: a site of a million page views a month',
      ({ sent }) => `$${monthly(tenth, all, sent).toFixed(2)} a month`,
    ),
    row('Log events for a page view', () => '0'),
    row('Free plan: page views a day, by requests', ({ sent }) => count(fits(sent).requests)),
    row('Free plan: page views a day, by rows written', ({ sent }) => count(fits(sent).written)),
    row('Free plan: page views a day, by rows read', ({ sent }) => count(fits(sent).read)),
    '',
    `Rows are measured: beacons, roll-ups of hours and days, the cron, and the deletion of every row in the end. Assumed for a page
view are ${ASSUMED.beacons} beacons, ${ASSUMED.calls} API calls and ${CPU} ms of CPU a beacon. Assumed for the site are ${ASSUMED.routes} routes and ${ASSUMED.endpoints} endpoints, and that
each hour is rolled up ${ASSUMED.rollups} times because of late beacons. New rows [take the place](docs/decisions/48-new-rows-in-the-place-of-old-ones.md) of as many old ones. Not counted:`,
    '',
    '- questions: a summary of 28 days reads some 300 rows, and three to five for each page view of the last three hours, at most 20,000,',
    '- storage.',
    '',
    `Each declared tag of ${ASSUMED.values} values writes ${tagged.written - all.written} rows a day more, and reads ${count((tagged.read - all.read) / VIEWS)} more for a page view.`,
    '',
    `Errors alone are logged. By default, Cloudflare logs every request, and would count ${LOGGED.toFixed(2)} events for a page view, and the
visitor's address among them: the paid plan includes 20 million a month.`,
  ].join('\n')
}

/** Dollars for a million page views at the volume of that day. */
function dollars({ written, read }: DayCost, sent: number): number {
  const beacons = VIEWS * sent * ASSUMED.beacons
  const requests = beacons + RUNS
  const day =
    requests * PRICE.request + written * PRICE.written + read * PRICE.read + beacons * CPU * PRICE.cpu
  return day / VIEWS
}

/** Dollars for a month with a million page views: the plan, and what goes beyond it. */
function monthly(small: DayCost, large: DayCost, sent: number): number {
  const views = (1e6 * sent) / MONTH
  const beacons = views * ASSUMED.beacons
  const beyond = (day: number, included: number, price: number) =>
    (Math.max(0, day * MONTH - included) * price) / 1e6
  return (
    PAID.base +
    beyond(beacons + RUNS, PAID.requests, PRICE.request) +
    beyond(beacons * CPU, PAID.cpu, PRICE.cpu) +
    beyond(rowsOf('written', views, small, large), PAID.written, PRICE.written) +
    beyond(rowsOf('read', views, small, large), PAID.read, PRICE.read)
  )
}

/** Rows of a day of so many stored page views, on the line through the two days measured. */
function rowsOf(of: 'written' | 'read', views: number, small: DayCost, large: DayCost): number {
  return small[of] + (views - small.views) * slopeOf(of, small, large)
}

function slopeOf(of: 'written' | 'read', small: DayCost, large: DayCost): number {
  return (large[of] - small[of]) / (large.views - small.views)
}

/** Page views a day until each limit of the free plan, on the line through the two days measured. */
function capacity(small: DayCost, large: DayCost, sent: number): Record<keyof typeof FREE, number> {
  const until = (of: 'written' | 'read') =>
    (small.views + (FREE[of] - small[of]) / slopeOf(of, small, large)) / sent
  return {
    requests: (FREE.requests - RUNS) / ASSUMED.beacons / sent,
    written: until('written'),
    read: until('read'),
  }
}

/** Three significant digits: the assumptions allow no more. */
function count(value: number): string {
  return Number(value.toPrecision(value < 100 ? 2 : 3)).toLocaleString('en-US')
}
