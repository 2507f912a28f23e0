/** Many visitors in one moment, over HTTP: what their requests share in the worker is tried where they are apart, as on Cloudflare. */

import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeSite } from '../bench/ingest.ts'
import { beacon } from '../kit/beacons.ts'
import { post } from '../kit/client.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'

/** ms that D1 takes where a test needs somebody to leave meanwhile. */
const DELAY = 500

let worker: Local
let serial = 0
const agent = new Agent({ keepAlive: true, maxSockets: 300 })

beforeAll(async () => {
  worker = await startLocal('tests/kit/worker/counted.ts')
  await makeSite(worker)
  expect(await sendOne()).toBe(204)
})
afterAll(async () => {
  agent.destroy()
  await worker.stop()
})

async function sendOne(): Promise<number> {
  return (await post(worker.url, agent, beacon(++serial))).status
}

/** Sends a beacon, and leaves before it is answered. */
function sendAndLeave(): Promise<void> {
  const { path, body, headers } = beacon(++serial)
  const sent = request(new URL(path, worker.url), { method: 'POST', headers })
  return new Promise(resolve => {
    sent.on('error', () => {})
    sent.on('close', resolve)
    sent.end(body, () => setTimeout(() => sent.socket?.resetAndDestroy(), DELAY / 2))
  })
}

async function stored(): Promise<number> {
  const { results } = await worker.db.prepare('SELECT count(*) AS n FROM pageviews').all<{ n: number }>()
  return results[0]?.n ?? 0
}

/** Statements so far; from now on, each takes `delay` ms longer. */
async function statements(delay = 0): Promise<number> {
  return Number(await (await fetch(new URL(`/statements?delay=${delay}`, worker.url))).text())
}

it('stores the page views of one moment by few statements, each once', async () => {
  const before = { stored: await stored(), statements: await statements() }
  const answers = await Promise.all(Array.from({ length: 300 }, sendOne))
  expect(answers).toEqual(answers.map(() => 204))
  expect((await stored()) - before.stored).toBe(300)
  expect((await statements()) - before.statements).toBeLessThan(100)
})

it('stores them all where the visitor whose request writes them leaves', async () => {
  const before = { stored: await stored(), statements: await statements(DELAY) }
  await sendAndLeave()
  const answers = await Promise.all(Array.from({ length: 60 }, sendOne))
  expect(answers).toEqual(answers.map(() => 204))
  expect((await stored()) - before.stored).toBe(61)
  expect((await statements()) - before.statements).toBeLessThan(10)
})

// Code that V8 has optimised is what broke it: in each run within 1,000 shared answers, and from then on all of them.
it('answers all who ask the same in one moment, after thousands of such answers', async () => {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
  for (let shared = 0, days = 1; shared < 2_000; days = (days % 99) + 1) {
    const address = new URL(`/v1/deploys?site=shop&from=-${days}d`, worker.url)
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(address, { headers })))
    await Promise.all(answers.map(answer => answer.text()))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    shared += answers.filter(answer => answer.headers.get('Server-Timing')?.includes('shared')).length
  }
})
