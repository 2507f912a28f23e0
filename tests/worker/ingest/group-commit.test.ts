import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { HOUR, hourOf, SECOND } from '../../../schema/domain/hour.ts'
import { storeInGroup } from '../../../worker/ingest/group-commit.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow } from '../../kit/worker/rows.ts'

/** Half past: what came near the full hour may belong to the hour before, and takes a batch. */
const NOW = (hourOf(Date.now()) + 0.5) * HOUR
const rowsOf = (site: string, count: number) =>
  Array.from({ length: count }, () => pageViewRow({ site, began: NOW }))
const countOf = (site: string) =>
  env.DB.prepare('SELECT count(*) AS n FROM pageviews WHERE site = ?').bind(site).first('n')

/** The database, whose statements `run` instead where that answers something. */
function replaced(run: () => Promise<D1Result> | null): D1Database {
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    Object.assign(Object.create(statement), {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => run() ?? statement.run(),
    })
  return new Proxy(env.DB, {
    get(database, name) {
      if (name === 'prepare') return (text: string) => wrap(database.prepare(text))
      // No old rows are looked for.
      if (name === 'batch') return async () => [{ results: [] }]
      return Reflect.get(database, name)
    },
  })
}

it('stores a burst in few statements, each page view once', async () => {
  const meter = newMeter()
  const d1 = metered(env.DB, meter)
  const rows = rowsOf('burst', 450)
  const kept = await Promise.all(rows.map(row => storeInGroup(d1, row, NOW)))
  expect(kept.every(Boolean)).toBe(true)
  expect(await countOf('burst')).toBe(450)
  // The first alone, then 100 in each, and a look for old rows before each.
  expect(meter.statements).toBeLessThanOrEqual(12)
})

it('writes two beacons of one page view into one row', async () => {
  const [first, second] = [pageViewRow({ site: 'twice', began: NOW, lcp: 900 }), rowsOf('twice', 1)]
  const later = { ...first, sequence: 1, lcp: 1_800, received: 2 }
  const all = [...second, first, later]
  expect(await Promise.all(all.map(row => storeInGroup(env.DB, row, NOW)))).toEqual([true, true, true])
  const { results } = await env.DB.prepare(
    "SELECT lcp, received FROM pageviews WHERE site = 'twice' AND id = ?",
  )
    .bind(first.id)
    .all()
  expect(results).toEqual([{ lcp: 1_800, received: 3 }])
})

it('lets a row that D1 can never take cost itself alone', async () => {
  const rows = rowsOf('broken', 20).map((row, i) => (i === 7 ? { ...row, device: null as never } : row))
  const settled = await Promise.allSettled(rows.map(row => storeInGroup(env.DB, row, NOW)))
  expect(settled.map(({ status }) => status === 'fulfilled')).toEqual(rows.map((_, i) => i !== 7))
  expect(await countOf('broken')).toBe(19)
})

it('tells all of a group what D1 said, and goes on', async () => {
  let isOver = false
  const d1 = replaced(() => (isOver ? null : Promise.reject(new Error('D1_ERROR: D1 DB is overloaded'))))
  const settled = await Promise.allSettled(rowsOf('busy', 30).map(row => storeInGroup(d1, row, NOW)))
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  isOver = true
  const kept = await Promise.all(rowsOf('busy', 30).map(row => storeInGroup(d1, row, NOW)))
  expect(kept.every(Boolean)).toBe(true)
  expect(await countOf('busy')).toBe(30)
})

it('waits for no statement that is never answered, however many come behind it', async () => {
  let calls = 0
  const d1 = replaced(() => (calls++ === 0 ? new Promise(() => {}) : null))
  const [silent, ...behind] = rowsOf('silent', 251)
  if (!silent) throw new Error('rows were made')
  storeInGroup(d1, silent, NOW)
  const kept = await Promise.all(behind.map((row, i) => storeInGroup(d1, row, NOW + i)))
  expect(kept.every(Boolean)).toBe(true)
  expect(await countOf('silent')).toBe(250)
})

// Whoever opened it may be gone.
it('lets nobody join a group that should have been written by now', async () => {
  let calls = 0
  const d1 = replaced(() => (calls++ === 0 ? new Promise(() => {}) : null))
  const [silent, open, next] = rowsOf('gone', 3)
  if (!silent || !open || !next) throw new Error('three rows were made')
  storeInGroup(d1, silent, NOW)
  const stored = [storeInGroup(d1, open, NOW), storeInGroup(d1, next, NOW + SECOND)]
  expect(await Promise.all(stored)).toEqual([true, true])
  expect(calls).toBe(3)
})
