/**
 * What every read endpoint costs on a large site as it is in service: days and hours rolled up, the last three hours not
 * yet, every page view still there. Rows are D1's own count; times are those of whole answers, one after the other, as a
 * client sees them.
 */

import { HOUR } from '../../schema/domain/hour.ts'
import { bill } from '../kit/bill.ts'
import { quantile } from '../kit/client.ts'
import { ADMIN_TOKEN, type Local } from '../kit/local.ts'

/** Rows that a question may read: `MAX_READ` of worker/query/subsample.ts. */
const MAX_READ = 20_000
/** Answers that are timed of each question. */
const TIMES = 50
/** Hours that have not settled, beside the open one. */
const LIVE = 3

/** Questions by name; to the address comes `&site=`. */
const QUESTIONS: Record<string, [path: string, body?: object]> = {
  'summary of 5 vitals': ['/v1/summary?from=-28d'],
  'summary of one route': ['/v1/summary?from=-28d&route=/route-3'],
  'summary by route': ['/v1/summary?from=-28d&group_by=route'],
  'summary by route, 200 of them': ['/v1/summary?from=-28d&group_by=route&limit=200'],
  'summary by route and device': ['/v1/summary?from=-28d&group_by=route,device'],
  'summary by route, impact': ['/v1/summary?from=-28d&group_by=route&metrics=lcp&sort=impact'],
  'summary by country and browser, from samples': ['/v1/summary?from=-28d&group_by=country,browser'],
  'summary of API calls by endpoint': ['/v1/summary?from=-28d&metrics=api&group_by=endpoint'],
  'summary of API calls by endpoint, failing': [
    '/v1/summary?from=-28d&metrics=api&group_by=endpoint&sort=failing',
  ],
  'summary of API calls by endpoint and device': [
    '/v1/summary?from=-28d&metrics=api&group_by=endpoint,device',
  ],
  'summary of API calls by endpoint and country, from samples': [
    '/v1/summary?from=-28d&metrics=api&group_by=endpoint,country',
  ],
  'summary of a mark and a load phase': ['/v1/summary?from=-28d&metrics=custom:cart,phase:load'],
  'summary of a mark by route, from samples': ['/v1/summary?from=-28d&metrics=custom:cart&group_by=route'],
  'summary of the last day': ['/v1/summary?from=-24h'],
  'timeseries of 5 vitals by the day': ['/v1/timeseries?from=-28d'],
  'timeseries by the hour, 28 days': ['/v1/timeseries?from=-28d&interval=hour'],
  'timeseries by the day and route': ['/v1/timeseries?from=-28d&metrics=lcp&group_by=route&limit=20'],
  'timeseries by the hour and route, 4 days': ['/v1/timeseries?from=-4d&metrics=lcp&group_by=route&limit=20'],
  'timeseries by the day in another time zone': ['/v1/timeseries?from=-28d&metrics=lcp&timezone=-05:00'],
  'timeseries by country and browser, from samples': [
    '/v1/timeseries?from=-28d&metrics=lcp&group_by=country,browser',
  ],
  'trends of 5 vitals, 14 days': ['/v1/trends?from=-14d'],
  'trends by route': ['/v1/trends?from=-14d&metrics=lcp&group_by=route'],
  'trends of API calls by endpoint': ['/v1/trends?from=-14d&metrics=api&group_by=endpoint'],
  'trends, release with release': ['/v1/trends?from=-28d&release=2.4.0&baseline_release=2.3.0'],
  'trends by country and browser, from samples': [
    '/v1/trends?from=-14d&metrics=lcp&group_by=country,browser',
  ],
  'changes, 28 days': ['/v1/changes?from=-28d'],
  'changes of phones, from samples': ['/v1/changes?from=-28d&device=phone'],
  'changes, release with release': ['/v1/changes?from=-28d&release=2.4.0&against=release:2.3.0'],
  'causes of LCP': ['/v1/causes?from=-28d&metric=lcp'],
  'causes of INP': ['/v1/causes?from=-28d&metric=inp'],
  'causes of CLS': ['/v1/causes?from=-28d&metric=cls'],
  'causes of LCP on one route': ['/v1/causes?from=-28d&metric=lcp&route=/route-3'],
  'pageviews, slowest': ['/v1/pageviews?from=-28d'],
  'pageviews, slowest of a cause': ['/v1/pageviews?from=-28d&metric=inp&target=button.k3'],
  'pageviews, newest': ['/v1/pageviews?from=-28d&order=newest'],
  'pageviews, newest of a rare kind': [
    '/v1/pageviews?from=-28d&order=newest&country=TX&browser=Edge&device=tablet',
  ],
  delivery: ['/v1/delivery?from=-28d'],
  'metrics, nothing new': ['/v1/metrics?limit=10'],
  'export, OpenTelemetry': ['/v1/export?format=otlp&from=-28d&to=-4h'],
  'export, OpenTelemetry by route': ['/v1/export?format=otlp&from=-28d&to=-4h&group_by=route'],
  'export, 1,000 page views': ['/v1/export?format=ndjson&from=-28d&limit=1000'],
  'CrUX record of an origin': ['/v1/records:queryRecord?', { origin: 'https://large.example' }],
  'CrUX record of a page': ['/v1/records:queryRecord?', { url: 'https://large.example/route-3' }],
  'CrUX history of an origin': ['/v1/records:queryHistoryRecord?', { origin: 'https://large.example' }],
  'CrUX history of a page, 40 periods': [
    '/v1/records:queryHistoryRecord?',
    { url: 'https://large.example/route-3', collectionPeriodCount: 40 },
  ],
  budgets: ['/v1/budgets?'],
  'budget events': ['/v1/budget-events?'],
  sites: ['/v1/sites?'],
  site: ['/v1/sites/large?'],
  tokens: ['/v1/sites/large/tokens?'],
  health: ['/healthz?'],
}

/** Questions about whole days that are rolled up, with the rows that each reads, always. */
const EXACT: Record<string, [path: string, rows: number]> = {
  'summary of 5 vitals, whole days': ['/v1/summary?', 62],
  'summary by device, whole days': ['/v1/summary?group_by=device&', 185],
  'timeseries of 5 vitals, whole days': ['/v1/timeseries?interval=day&', 62],
  'trends of 5 vitals, whole days': ['/v1/trends?', 125],
}
const WHOLE_DAYS = 12

/** What a question cost. */
export interface Cost extends Record<string, number> {
  'rows read': number
  statements: number
  'p50, ms': number
  'p99, ms': number
}

/**
 * What each question to the site `large` costs, whose last hour ended at `open` (hours since 1970). Throws where one reads
 * more rows than any may, or another number than is known.
 */
export async function benchEndpoints(local: Local, open: number): Promise<Record<string, Cost>> {
  await keepAll(local)
  await local.db
    .prepare(
      `DELETE FROM periods WHERE site = 'large' AND start + CASE tier WHEN 'day' THEN 24 ELSE 1 END > ${open - LIVE}`,
    )
    .all()
  const costs: Record<string, Cost> = {}
  for (const [name, [path, body]] of Object.entries(QUESTIONS)) costs[name] = await measure(local, path, body)
  const end = Math.floor(open / 24) * 24 - 24
  const [from, to] = [end - WHOLE_DAYS * 24, end].map(hour => new Date(hour * HOUR).toISOString())
  const wrong: string[] = []
  for (const [name, [path, rows]] of Object.entries(EXACT)) {
    const cost = await measure(local, `${path}from=${from}&to=${to}`)
    if (cost['rows read'] !== rows) wrong.push(`${name}: ${cost['rows read']} rows and not ${rows}`)
    costs[name] = cost
  }
  for (const [name, cost] of Object.entries(costs)) {
    if (cost['rows read'] > MAX_READ) wrong.push(`${name}: ${cost['rows read']} rows`)
  }
  if (wrong.length) {
    console.table(costs)
    throw new Error(`questions read other rows than they may:\n${wrong.join('\n')}`)
  }
  return costs
}

async function measure(local: Local, path: string, body?: object): Promise<Cost> {
  const address = /sites|healthz/.test(path) ? path : `${path}&site=large`
  const job = `ask?times=1&path=${encodeURIComponent(address)}`
  // The first one looks up the site, too, which is remembered for some seconds.
  await ask(local, address, body)
  const { read, statements } = await bill(local, job, body && JSON.stringify(body))
  const times: number[] = []
  for (let i = 0; i < TIMES; i++) times.push(await ask(local, address, body))
  const [p50, p99] = [0.5, 0.99].map(q => Math.round(quantile(times, q) * 10) / 10)
  return { 'rows read': read, statements, 'p50, ms': p50 ?? Number.NaN, 'p99, ms': p99 ?? Number.NaN }
}

/** The whole answer, read to its end; ms. */
async function ask({ url }: Local, path: string, body?: object): Promise<number> {
  const started = performance.now()
  const response = await fetch(new URL(path, url), {
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${text}`)
  return performance.now() - started
}

/** The site keeps its page views for as long as they are asked for. */
async function keepAll({ url }: Local): Promise<void> {
  const response = await fetch(new URL('/v1/sites/large', url), {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ raw_days: 30 }),
  })
  if (!response.ok) throw new Error(await response.text())
}
