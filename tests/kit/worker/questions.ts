/**
 * Questions by single page views with as many of these as one may count, from a database that answers at once: for the bench of what
 * counting costs the worker.
 */

import { sql } from 'drizzle-orm'
import { HOUR } from '../../../schema/domain/hour.ts'
import { MOST_WORK } from '../../../worker/query/distributions.ts'
import { completed, type GivenQuery } from '../../../worker/query/groups-query.ts'
import { rawGroups } from '../../../worker/query/raw-groups.ts'
import { sourcesOf } from '../../../worker/query/source.ts'
import type { Preparer } from '../../../worker/store/statement.ts'

const HOURS = 28 * 24
const RANGE = { site: 'shop', from: 0, to: HOURS * HOUR, filters: {}, limit: 20 }
const EVERYTHING = { oneIn: 1, from: sql`pageviews AS p`, where: sql`true` }
const CALLS = 4

/** What is asked, and the work that a page view is for it. */
type Question = Pick<GivenQuery, 'metrics' | 'groupBy'> & Partial<GivenQuery> & { work: number }

const VITALS: Question = { metrics: ['lcp', 'inp', 'cls', 'fcp', 'ttfb'], groupBy: [], work: 6 }
const API: Question = { metrics: ['api'], groupBy: [], work: 1 + 2 * CALLS }

export const QUESTIONS: Record<string, Question> = {
  LCP: { metrics: ['lcp'], groupBy: [], work: 2 },
  'LCP by country and browser': { metrics: ['lcp'], groupBy: ['country', 'browser'], work: 2 },
  'five vitals': VITALS,
  'five vitals, points by the hour': { ...VITALS, buckets: { step: 1, offset: 0 } },
  'API calls': API,
  'API calls by endpoint and country': { ...API, groupBy: ['endpoint', 'country'] },
}

/** How many page views a question counts, and what asks it. */
export function prepared(question: Question): { views: number; ask(): Promise<unknown> } {
  const query = completed({ ...RANGE, ...question })
  const views = Math.floor(MOST_WORK / question.work)
  const database = answering(Array.from({ length: views }, (_, i) => viewOf(i, question)))
  const sources = sourcesOf(query.metrics)
  return {
    views,
    ask: () =>
      Promise.all(sources.map(source => rawGroups(database, query, source, query.limit, EVERYTHING))),
  }
}

/** The columns of a page view as `rawGroups` reads them. */
function viewOf(i: number, { metrics, groupBy, buckets }: Question): Record<string, string | number | null> {
  const [first, second] = groupBy
  const calls = Array.from({ length: CALLS }, (_, call) => {
    const serial = i * CALLS + call
    return [`GET /api/things${serial % 40}`, 400 * call, serial % 700, serial % 60 ? 0 : 1, 200, 40, 2_000]
  })
  return {
    w: 1,
    ...(buckets && { hour: i % HOURS }),
    ...(first && { k0: first === 'endpoint' ? null : `C${i % 30}` }),
    ...(second && { k1: `B${i % 7}` }),
    ...(metrics[0] === 'api'
      ? { v0: JSON.stringify({ 0: calls }), v1: 0 }
      : Object.fromEntries(metrics.map((_, v) => [`v${v}`, (i * (v + 7)) % 3_000]))),
  }
}

/** A database that answers these rows, as D1's client does: from the text of a response. */
function answering(rows: readonly Record<string, unknown>[]): Preparer {
  const columns = Object.keys(rows[0] ?? {})
  const text = JSON.stringify(rows.map(row => Object.values(row)))
  const all = async () => {
    const lists: unknown[][] = JSON.parse(text)
    return { results: lists.map(list => Object.fromEntries(list.map((cell, i) => [columns[i], cell]))) }
  }
  return { prepare: () => ({ bind: () => ({ all }) }) as unknown as D1PreparedStatement }
}
