/**
 * How fast beacons are taken: fieldline against a bare worker that inserts one row, turn by turn in one run; and
 * the load of the user's guide, 10,000 requests a minute by 1,000 users at once.
 */

import { Agent } from 'node:http'
import { beacon } from '../kit/beacons.ts'
import { flood, post, quantile, type Shot } from '../kit/client.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'

const ROUNDS = 7
const BEACONS = 2_000
const WIDTH = 64

export async function benchIngest() {
  const [bare, fieldline] = await Promise.all([
    startLocal('tests/kit/worker/bare.ts'),
    startLocal('worker/index.ts'),
  ])
  try {
    await makeSite(fieldline)
    let serial = 0
    const shots = () => Array.from({ length: BEACONS }, () => beacon(++serial))
    await flood(bare.url, shots(), WIDTH, 204)
    await flood(fieldline.url, shots(), WIDTH, 204)
    const rates: { bare: number; fieldline: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      rates.push({
        bare: await flood(bare.url, shots(), WIDTH, 204),
        fieldline: await flood(fieldline.url, shots(), WIDTH, 204),
      })
    }
    const load = await users(fieldline.url, 1_000, 10_000, 30, () => ++serial)
    const statements = await queueStatements(shots())
    return {
      'beacons for a D1 statement, through a queue under load': round2(BEACONS / statements),
      'beacons a second, bare worker': Math.round(
        quantile(
          rates.map(rate => rate.bare),
          0.5,
        ),
      ),
      'beacons a second, fieldline': Math.round(
        quantile(
          rates.map(rate => rate.fieldline),
          0.5,
        ),
      ),
      'ratio to the bare worker': round2(
        quantile(
          rates.map(rate => rate.fieldline / rate.bare),
          0.5,
        ),
      ),
      ...load,
    }
  } finally {
    await Promise.all([bare.stop(), fieldline.stop()])
  }
}

/** How many statements `shots` become when every beacon goes through a queue. */
async function queueStatements(shots: Shot[]): Promise<number> {
  const local = await startLocal('tests/kit/worker/counted.ts', {
    bindings: { ADMIN_TOKEN, INGEST: 'queue' },
    queueProducers: { QUEUE: 'beacons' },
    queueConsumers: { beacons: { maxBatchSize: 100, maxBatchTimeout: 1 } },
  })
  try {
    await makeSite(local)
    await flood(local.url, shots, WIDTH, 202)
    const rows = async () =>
      (await local.db.prepare('SELECT count(*) AS n FROM pageviews').all<{ n: number }>()).results[0]?.n ?? 0
    while ((await rows()) < shots.length) await new Promise(resolve => setTimeout(resolve, 50))
    return Number(await (await fetch(new URL('/statements', local.url))).text())
  } finally {
    await local.stop()
  }
}

/** `count` users at once, together `perMinute` requests, for `seconds`: latency as each user sees it. */
async function users(url: URL, count: number, perMinute: number, seconds: number, serial: () => number) {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const interval = (60_000 * count) / perMinute
  const end = performance.now() + seconds * 1000
  const latencies: number[] = []
  let failed = 0
  await Promise.all(
    Array.from({ length: count }, async (_, user) => {
      let next = performance.now() + (user / count) * interval
      while (next < end) {
        const wait = next - performance.now()
        await new Promise(resolve => setTimeout(resolve, Math.max(0, wait)))
        const { status, ms } = await post(url, agent, beacon(serial()))
        latencies.push(ms)
        if (status !== 204) failed++
        next += interval
      }
    }),
  )
  agent.destroy()
  return {
    [`load: requests in ${seconds} s by ${count} users`]: latencies.length,
    'load: failed': failed,
    'load: p50 ms': round2(quantile(latencies, 0.5)),
    'load: p95 ms': round2(quantile(latencies, 0.95)),
    'load: p99 ms': round2(quantile(latencies, 0.99)),
  }
}

export async function makeSite({ url, db }: Local, site = 'shop'): Promise<void> {
  const response = await fetch(new URL(`/v1/sites/${site}`, url), {
    method: 'PUT',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ origins: ['https://shop.example'] }),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  // No budget in the way: every beacon is to be stored. The largest that the API takes is one: early in an hour, the pace of a
  // burst would overrun the 10 GB of a day, and one in two would be left out.
  const budgets = 'rows_per_day = 1000000000000, bytes_per_day = 1000000000000000'
  await db.prepare(`UPDATE sites SET ${budgets} WHERE id = '${site}'`).all()
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
