/**
 * What the answers in other tools' formats cost: a site with 28 days of traffic goes in, the rows that D1 reads for
 * each come out, with their time.
 */

import { type Bill, bill } from '../kit/bill.ts'
import type { Local } from '../kit/local.ts'

/** The endpoints for other tools, asked of `site`. */
export async function benchFormats(local: Local, site: string): Promise<Record<string, number>> {
  const origin = `https://${site}.example`
  const questions: Record<string, [path: string, body?: object]> = {
    'CrUX record of an origin': ['/v1/records:queryRecord', { origin }],
    'CrUX record of a page on tablets': [
      '/v1/records:queryRecord',
      { url: `${origin}/route-1`, formFactor: 'TABLET' },
    ],
    'CrUX history of 40 periods': ['/v1/records:queryHistoryRecord', { origin, collectionPeriodCount: 40 }],
    'CrUX history of a page, 40 periods': [
      '/v1/records:queryHistoryRecord',
      { url: `${origin}/route-1`, collectionPeriodCount: 40 },
    ],
    'Prometheus, nothing new': ['/v1/metrics'],
    'OpenTelemetry, 28 days': ['/v1/export?format=otlp&from=-28d&to=-4h'],
    'OpenTelemetry, 28 days by route': ['/v1/export?format=otlp&from=-28d&to=-4h&group_by=route'],
  }
  // The first scrape makes the text, those after it only look whether it still holds.
  const first = await ask(local, '/v1/metrics', site, 1)
  const found: Record<string, number> = {
    'Prometheus, after a roll-up: rows read': first.read,
    'Prometheus, after a roll-up: ms': first.ms,
  }
  for (const [name, [path, body]] of Object.entries(questions)) {
    const { read } = await ask(local, path, site, 1, body)
    const { ms } = await ask(local, path, site, 10, body)
    Object.assign(found, { [`${name}: rows read`]: read, [`${name}: ms`]: ms / 10 })
  }
  return found
}

function ask(local: Local, path: string, site: string, times: number, body?: object): Promise<Bill> {
  const address = `${path}${path.includes('?') ? '&' : '?'}site=${site}`
  return bill(local, `ask?times=${times}&path=${encodeURIComponent(address)}`, body && JSON.stringify(body))
}
