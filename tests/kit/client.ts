/**
 * Sends requests as fast as a server takes them, or at a given pace: a stream of requests goes in, latencies come
 * out. Connections are kept alive, as browsers do.
 */

import { Agent, request } from 'node:http'

export interface Shot {
  path: string
  body: string
  headers: Record<string, string>
}

/** POSTs one request; answers the status and the ms until the whole answer was there. */
export function post(url: URL, agent: Agent, shot: Shot): Promise<{ status: number; ms: number }> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(shot.path, url),
      { method: 'POST', agent, headers: shot.headers },
      answer => {
        answer.resume()
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, ms: performance.now() - started }))
      },
    )
    sent.on('error', reject)
    sent.end(shot.body)
  })
}

/** Sends all `shots` with `width` in flight at once; answers requests a second. Every answer must be `expected`. */
export async function flood(
  url: URL,
  shots: readonly Shot[],
  width: number,
  expected: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: width })
  const queue = shots.values()
  const started = performance.now()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const shot of queue) {
        const { status } = await post(url, agent, shot)
        if (status !== expected) throw new Error(`answered ${status}, not ${expected}`)
      }
    }),
  )
  agent.destroy()
  return (shots.length / (performance.now() - started)) * 1000
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
