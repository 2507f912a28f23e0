/**
 * The worker of `npm run explain`: with its clock stopped, a site of the demo's traffic, and a D1 that writes down which
 * plan was made, which statements were run, what each read, and how SQLite goes about it.
 */

import { drizzle } from 'drizzle-orm/d1'
import { HOUR, hourOf } from '../../../schema/domain/hour.ts'
import { sites } from '../../../schema/storage/tables.ts'
import type { Env } from '../../../worker/env.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import worker from '../../../worker/index.ts'
import { staleDays, staleHours } from '../../../worker/store/periods.ts'
import type { Explained, Statement, Traffic } from '../explained.ts'
import { linesOf } from './plan-lines.ts'
import { KEY, storeVisits } from './visits.ts'

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/explain/seed') {
      await seed(env.DB, await request.json())
      return new Response(null, { status: 204 })
    }
    const { now, path } = await request.json<{ now: number; path: string }>()
    Date.now = () => now
    const journal: Explained = { plans: [], statements: [], status: 0, answer: '' }
    const texts: { text: string; values: unknown[] }[] = []
    const asked = new Request(new URL(path, request.url), { headers: request.headers })
    const response = await worker.fetch(asked, { ...env, DB: written(env.DB, journal, texts) }, context)
    journal.status = response.status
    journal.answer = await response.text()
    for (const [i, { text, values }] of texts.entries()) {
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
        .bind(...values)
        .all<{ id: number; parent: number; detail: string }>()
      const statement = journal.statements[i]
      if (statement) statement.steps = indented(results)
    }
    return Response.json(journal)
  },
} satisfies ExportedHandler<Env>

/** A site as the cron leaves it: what has settled is rolled up. */
async function seed(d1: D1Database, { site, now, views, days }: Traffic): Promise<void> {
  await drizzle(d1)
    .insert(sites)
    .values({ id: site, origins: ['*'], key: KEY, created: 0 })
  await storeVisits(d1, { site, now, views, days })
  const looks = { [site]: 'all' } as const
  for (const { start } of await staleHours(d1, looks, now, days * 24 + 24))
    await rollUpHour(d1, site, start, now)
  for (const { start } of await staleDays(d1, looks, now, days + 1)) await rollUpDay(d1, site, start, now)
  // One day is behind a late beacon, so its hours are read.
  const late = Math.floor(hourOf(now - 2 * 24 * HOUR) / 24) * 24
  await d1
    .prepare(`UPDATE periods SET state = 'dirty' WHERE site = ? AND tier = 'day' AND start = ?`)
    .bind(site, late)
    .run()
}

/** The database, which writes into `journal` what is asked of it. */
function written<T extends object>(
  target: T,
  journal: Explained,
  texts: { text: string; values: unknown[] }[],
): T {
  const wrap = (statement: D1PreparedStatement, text: string, values: unknown[]): D1PreparedStatement => {
    const all = async <R>(): Promise<D1Result<R>> => {
      const entry: Statement = { sql: text, values: values.map(String), read: 0, steps: [] }
      journal.statements.push(entry)
      texts.push({ text, values })
      const result = await statement.all<R>()
      entry.read = result.meta.rows_read
      return result
    }
    return Object.assign(Object.create(statement), {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), text, values),
      all,
      run: all,
      raw: async () => (await all<object>()).results.map(row => Object.values(row)),
      first: async (column?: string) => {
        const row = (await all<Record<string, unknown>>()).results[0]
        return row === undefined ? null : column === undefined ? row : row[column]
      },
    })
  }
  return new Proxy(target, {
    get(database, name) {
      if (name === 'explain') return (plan: object) => journal.plans.push(linesOf(plan))
      const value = Reflect.get(database, name)
      if (typeof value !== 'function') return value
      if (name === 'prepare') return (text: string) => wrap(value.call(database, text), text, [])
      if (name === 'withSession') return (mark: string) => written(value.call(database, mark), journal, texts)
      return value.bind(database)
    },
  })
}

/** SQLite's steps, each under the one that it belongs to. */
function indented(steps: readonly { id: number; parent: number; detail: string }[]): string[] {
  const depths = new Map<number, number>()
  return steps.map(({ id, parent, detail }) => {
    const depth = (depths.get(parent) ?? -1) + 1
    depths.set(id, depth)
    return `${'  '.repeat(depth)}${detail}`
  })
}
