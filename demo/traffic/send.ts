/** Sends beacons to a fieldline, many at a time. */

import { encode } from '../../schema/wire/beacon.ts'
import type { Sent } from './traffic.ts'

/** Beacons under way at a time, each on a connection that is kept. */
const CONCURRENCY = 16

export interface Target {
  /** `http://localhost:8787` */
  url: string
  site: string
  token: string
}

/** Sends all; `step` is called after each. Throws at the first one that is refused, and sends no more. */
export async function sendAll(target: Target, beacons: Iterable<Sent>, step: () => void): Promise<void> {
  const queue = beacons[Symbol.iterator]()
  let failed = false
  const worker = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      await send(target, next.value)
      step()
    }
  }
  const workers = Array.from({ length: CONCURRENCY }, () =>
    worker().catch(error => {
      failed = true
      throw error
    }),
  )
  await Promise.all(workers)
}

async function send({ url, site, token }: Target, { view, userAgent, country }: Sent): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(`${url}/f?site=${encodeURIComponent(site)}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'text/plain',
        'User-Agent': userAgent,
        'CF-IPCountry': country,
      },
      body: encode(view),
    })
  } catch {
    throw new Error(`${url} cannot be reached. Is \`npm start\` running?`)
  }
  const text = await answer.text()
  if (answer.ok) return
  const hint = answer.status === 403 ? ' Is the ADMIN_TOKEN that of this server?' : ''
  throw new Error(`${url} refused a beacon: ${answer.status} ${text}${hint}`)
}
