/**
 * What the answers in other tools' formats cost: a site with 28 days of traffic goes in, the rows that D1 reads for
 * each come out, with their time.
 */

import { bill } from './bill.ts'
import type { Local } from './local.ts'

/** The endpoints for other tools, asked of `site`. */
export async function benchFormats(local: Local, site: string): Promise<Record<string, number>> {
  const origin = `https://${site}.example`
  const questions: Record<string, [path: string, body?: object]> = {
    'CrUX record of an origin': ['/v1/records:queryRecord', { origin }],
    'CrUX record of a page on phones': [
      '/v1/records:queryRecord',
      { url: `${origin}/route-1`, formFactor: 'PHONE' },
    ],
    'CrUX history of 40 periods': ['/v1/records:queryHistoryRecord', { origin, collectionPeriodCount: 40 }],
    'CrUX history of a page, 40 periods': [
      '/v1/records:queryHistoryRecord',
      { url: `${origin}/route-1`, collectionPeriodCount: 40 },
    ],
  }
  const found: Record<string, number> = {}
  for (const [name, [path, body]] of Object.entries(questions)) {
    const ask = (times: number) =>
      bill(
        local,
        `ask?times=${times}&path=${encodeURIComponent(`${path}?site=${site}`)}`,
        body && JSON.stringify(body),
      )
    await ask(1)
    const { read } = await ask(1)
    const { ms } = await ask(10)
    Object.assign(found, { [`${name}: rows read`]: read, [`${name}: ms`]: ms / 10 })
  }
  return found
}
