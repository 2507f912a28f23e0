/**
 * Under load: the real worker on a D1 that is kept on disk, in a process of its own. Beacons at the pace of the user's
 * targets while questions are asked, a burst, a thousand connections at once, and a kill in the middle of it. Each
 * beacon that was answered 204 must be one row.
 *
 * `npm run bench -- load` takes some five minutes. `--seconds=10` makes the long part shorter; `--write` puts the table
 * into docs/deploying.md.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '../../schema/wire/beacon.ts'
import { beacon, typicalView } from '../kit/beacons.ts'
import { post, quantile, type Shot } from '../kit/client.ts'
import { writePart } from '../kit/figures.ts'
import { ADMIN_TOKEN, type D1Like, type Local, startLocal } from '../kit/local.ts'
import { makeSite } from './ingest.ts'

/** The user's targets: beacons a minute, users at once, ms for 95 %. */
const PER_MINUTE = 10_000
const AT_ONCE = 1_000
const BURST = { beacons: 5_000, seconds: 10 }
const QUESTIONS_A_SECOND = 20
const MOST_CONNECTIONS = 1_000
const PATHS = [
  '/v1/summary?site=shop',
  '/v1/summary?site=shop&metrics=api&group_by=endpoint',
  '/v1/timeseries?site=shop&metrics=lcp',
  '/v1/pageviews?site=shop&order=newest&limit=5',
  '/v1/delivery?site=shop',
]

/** What came of some requests. */
type Row = Record<'requests' | 'p50 ms' | 'p95 ms' | 'p99 ms' | 'errors', number>

/** The release of a beacon tells it in the database, where ids are hashed. */
class Ledger {
  readonly sent = new Set<string>()
  readonly kept = new Set<string>()

  shot(serial: number): Shot & { release: string } {
    const release = `load-${serial}`
    this.sent.add(release)
    return { ...beacon(serial), body: encode({ ...typicalView(serial), age: 0, release }), release }
  }
}

export async function benchLoad(options: readonly string[]): Promise<Record<string, number | Row>> {
  const given = options.find(option => option.startsWith('--seconds='))?.split('=')[1]
  const seconds = Number(given ?? 180)
  const scale = Math.min(1, seconds / 60)
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-load-'))
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS })
  const ledger = new Ledger()
  let serial = 0
  const results: Record<string, number | Row> = {}
  let child = await start(folder)
  try {
    const url = child.url
    // The first ones wait for code to be compiled.
    for (const path of PATHS) await ask(url, agent, path)
    for (let i = 0; i < 200; i++) await send(url, agent, ledger, ++serial)
    const until = performance.now() + seconds * 1_000
    const [steady, asked] = await Promise.all([
      paced(PER_MINUTE / 60, until, () => send(url, agent, ledger, ++serial)),
      paced(QUESTIONS_A_SECOND, until, i => ask(url, agent, PATHS[i % PATHS.length] ?? '')),
    ])
    results[`${PER_MINUTE} beacons a minute, for ${seconds} s`] = rowOf(steady)
    results[`${QUESTIONS_A_SECOND} questions a second beside them`] = rowOf(asked)

    const many = Math.round(AT_ONCE * scale)
    const atOnce = await Promise.all(Array.from({ length: many }, () => send(url, agent, ledger, ++serial)))
    results[`${many} at once`] = rowOf(atOnce)
    results[`${many} at once, to a worker that does nothing`] = rowOf(await floor(agent, many))

    const beacons = Math.round(BURST.beacons * scale)
    const end = performance.now() + BURST.seconds * scale * 1_000
    const burst = await paced(BURST.beacons / BURST.seconds, end, () => send(url, agent, ledger, ++serial))
    results[`${beacons} in ${BURST.seconds * scale} s`] = rowOf(burst)
    Object.assign(results, await audit(child.url, ledger, 'after the load'))

    // Killed while the answers of some hundred beacons are still out.
    const flood = Array.from({ length: 2_000 }, () => send(url, agent, ledger, ++serial))
    await Promise.race(flood)
    await Promise.any(
      flood.slice(200).map(async shot => ((await shot).status === 204 ? true : Promise.reject())),
    )
    child.kill()
    const settled = await Promise.all(flood)
    results['acknowledged before the kill'] = settled.filter(({ status }) => status === 204).length
    results['cut off by the kill'] = settled.filter(({ status }) => status === 0).length
    child = await start(folder)
    Object.assign(results, await audit(child.url, ledger, 'after the kill'))
  } finally {
    agent.destroy()
    child.kill()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  results['ms of CPU a beacon, decoded and made a row (median)'] = await cpu()
  if (options.includes('--write')) write(results)
  return results
}

interface Shown {
  status: number
  ms: number
}

/** What so many beacons at once take on this machine at least. */
async function floor(agent: Agent, count: number): Promise<Shown[]> {
  const idle = await startLocal('tests/kit/worker/idle.ts')
  try {
    const send = (_: unknown, i: number) => post(idle.url, agent, beacon(i))
    for (let i = 0; i < 200; i++) await send(0, i)
    return await Promise.all(Array.from({ length: count }, send))
  } finally {
    await idle.stop()
  }
}

/** Sends one beacon and notes it where it was acknowledged; status 0 where there was no answer. */
async function send(url: URL, agent: Agent, ledger: Ledger, serial: number): Promise<Shown> {
  const shot = ledger.shot(serial)
  const answer = await post(url, agent, shot).catch(() => ({ status: 0, ms: Number.NaN }))
  if (answer.status === 204) ledger.kept.add(shot.release)
  return answer
}

function ask(url: URL, agent: Agent, path: string): Promise<Shown> {
  const started = performance.now()
  return new Promise(resolve => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
    get(new URL(path, url), { agent, headers }, answer => {
      answer.resume()
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, ms: performance.now() - started }))
    }).on('error', () => resolve({ status: 0, ms: Number.NaN }))
  })
}

/** Does `work` so many times a second, whether or not what was begun before has ended. */
async function paced(
  perSecond: number,
  until: number,
  work: (index: number) => Promise<Shown>,
): Promise<Shown[]> {
  const running: Promise<Shown>[] = []
  const started = performance.now()
  for (let i = 0; ; i++) {
    const due = started + (i * 1_000) / perSecond
    if (due >= until) return Promise.all(running)
    const wait = due - performance.now()
    if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait))
    running.push(work(i))
  }
}

function rowOf(shown: readonly Shown[]): Row {
  const ms = shown.filter(({ status }) => status > 0).map(({ ms }) => ms)
  const at = (q: number) => Math.round(quantile(ms, q) * 10) / 10
  const errors = shown.filter(({ status }) => status < 200 || status >= 300).length
  return { requests: shown.length, 'p50 ms': at(0.5), 'p95 ms': at(0.95), 'p99 ms': at(0.99), errors }
}

/** Holds the database against the ledger: each acknowledged beacon is one row. */
async function audit(url: URL, { sent, kept }: Ledger, when: string): Promise<Record<string, number>> {
  const rows = new Map<string, number>()
  let cursor = ''
  do {
    const path = `/v1/export?format=ndjson&site=shop&from=-24h&limit=500000${cursor && `&cursor=${cursor}`}`
    // A connection of its own: one that was kept may be closed by now.
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, Connection: 'close' }
    const response = await fetch(new URL(path, url), { headers })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    cursor = ''
    for (const line of (await response.text()).trimEnd().split('\n')) {
      const { release, id, cursor: next } = JSON.parse(line)
      if (id !== undefined) rows.set(release, (rows.get(release) ?? 0) + 1)
      else cursor = next ?? ''
    }
  } while (cursor)
  const lost = [...kept].filter(release => !rows.has(release)).length
  const doubled = [...rows.values()].filter(count => count > 1).length
  const unknown = [...rows.keys()].filter(release => !sent.has(release)).length
  if (lost || doubled || unknown) {
    throw new Error(
      `${when}: of ${kept.size} acknowledged beacons ${lost} are lost, ${doubled} doubled, ${unknown} unknown`,
    )
  }
  return { [`acknowledged, ${when}`]: kept.size, [`lost or doubled, ${when}`]: lost + doubled }
}

/** The ms that V8 takes for one beacon, decoded and made a row, without D1. */
async function cpu(): Promise<number> {
  const { decode } = await import('../../schema/wire/decode.ts')
  const bodies = Array.from({ length: 2_000 }, (_, i) => encode(typicalView(i)))
  const took = bodies.map(body => {
    const started = performance.now()
    const decoded = decode(body)
    if ('error' in decoded) throw new Error(decoded.error.detail)
    JSON.stringify(decoded.ok)
    return performance.now() - started
  })
  return Math.round(quantile(took, 0.5) * 1_000) / 1_000
}

interface Child extends Local {
  kill(): void
}

/** The worker in a process group of its own, which a kill ends whole: workerd, too. */
async function start(folder: string): Promise<Child> {
  const child = spawn(process.execPath, [import.meta.filename, folder], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
      const found = /^ready (\S+)$/m.exec(text)?.[1]
      if (found) resolve(found)
    })
    child.on('exit', code => reject(new Error(`the worker ended with code ${code}`)))
  })
  const kill = () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has gone already.
    }
  }
  return { url: new URL(url), db: NONE, stop: async () => kill(), kill }
}

const NONE: D1Like = {
  prepare() {
    throw new Error('the database is in another process')
  },
}

function write(results: Record<string, number | Row>): void {
  const rows = Object.entries(results).flatMap(([name, row]) =>
    typeof row === 'number'
      ? []
      : `| ${name} | ${row.requests} | ${row['p50 ms']} | ${row['p95 ms']} | ${row['p99 ms']} | ${row.errors} |`,
  )
  const facts = Object.entries(results).flatMap(([name, value]) =>
    typeof value === 'number' ? `- ${name}: ${value}` : [],
  )
  const table = [
    '| | requests | p50, ms | p95, ms | p99, ms | errors |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
    '',
    ...facts,
  ]
  const text = `<!-- load: npm run bench -- load --write -->\n${table.join('\n')}\n<!-- /load -->`
  writePart('load', text)
}

if (import.meta.main) {
  const [folder = ''] = process.argv.slice(2)
  const local = await startLocal('worker/index.ts', { resourcePersistencePath: folder })
  await makeSite(local)
  // It ends with the bench, however that ends.
  process.stdin.resume().on('end', () => process.exit())
  console.log(`ready ${local.url.href}`)
}
