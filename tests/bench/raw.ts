/**
 * What questions to single page views cost: a site with 1,000,000 of them in 28 days, none rolled up. Rows are D1's own
 * count; times are those of whole answers, one after the other, as a client sees them.
 */

import { HOUR } from '../../schema/domain/hour.ts'
import { bill } from '../kit/bill.ts'
import { quantile } from '../kit/client.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

const OPEN = Math.floor(Date.now() / HOUR)
const DAYS = 28
const FROM = OPEN - DAYS * 24
const VIEWS = 1_000_000
const TIMES = 50

const QUESTIONS: Record<string, string> = {
  'causes of LCP': 'causes?metric=lcp',
  'causes of INP': 'causes?metric=inp',
  'causes of CLS': 'causes?metric=cls',
  'causes of LCP on one route': 'causes?metric=lcp&route=/r/7',
  'slowest page views': 'pageviews?metric=lcp',
  'newest page views': 'pageviews?order=newest',
  'newest page views of a rare kind': 'pageviews?order=newest&country=TX&browser=Edge&device=tablet',
  'summary of LCP by country and browser': 'summary?metrics=lcp&group_by=country,browser',
  'summary of 5 vitals by country and browser': 'summary?group_by=country,browser',
  'summary of API calls by endpoint and country': 'summary?metrics=api&group_by=endpoint,country',
}

export async function benchRaw(): Promise<Record<string, number>> {
  const local = await startLocal('tests/kit/worker/metered.ts')
  const found: Record<string, number> = {}
  try {
    await makeSite(local)
    const traffic = { site: 'raw', from: FROM, hours: DAYS * 24, views: VIEWS, callsIn: 2 }
    for (const statement of insertTraffic({ ...traffic, routes: 200, endpoints: 100 })) {
      await local.db.prepare(statement).all()
    }
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const range = `site=raw&from=${new Date(FROM * HOUR).toISOString()}&to=${new Date(OPEN * HOUR).toISOString()}`
      const path = `/v1/${question}&${range}`
      const { read } = await bill(local, `ask?times=1&path=${encodeURIComponent(path)}`)
      const times = []
      for (let i = 0; i < TIMES; i++) times.push(await ask(local, path))
      found[`${name}: rows read`] = read
      found[`${name}: p50, ms`] = quantile(times, 0.5)
      found[`${name}: p99, ms`] = quantile(times, 0.99)
    }
    return found
  } finally {
    await local.stop()
  }
}

async function ask({ url }: Local, path: string): Promise<number> {
  const started = performance.now()
  const response = await fetch(new URL(path, url), { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return performance.now() - started
}

/** A site that keeps its page views for long enough. */
async function makeSite({ url }: Local): Promise<void> {
  const response = await fetch(new URL('/v1/sites/raw', url), {
    method: 'PUT',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ origins: ['https://shop.example'], raw_days: DAYS + 2 }),
  })
  if (!response.ok) throw new Error(await response.text())
}
