/**
 * `GET /v1/overview`: every site at a glance, in one question: the vitals of its last rolled-up hours, and how many of its budgets
 * are in each state. No raw row is read.
 */

import { sql } from 'drizzle-orm'
import {
  MAX_SITES,
  OVERVIEW_VITALS,
  type OverviewAnswer,
  type OverviewQuery,
} from '../../schema/api/overview.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { limitsOf } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { budgets, rollups, sites } from '../../schema/storage/tables.ts'
import { columnSql } from '../histogram/dimensions.ts'
import { type TextRow, total, weightIn, withUnread } from '../query/distribution.ts'
import { percentileInUnit } from '../read/summary.ts'
import { type Databases, type Placed, readDatabaseOf } from '../site/database.ts'
import { asText } from '../store/histogram-text.ts'
import { listed, named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'

/** Hours that are looked back. */
const HOURS = 24
const s = named(sites)
const r = named(rollups, 'r')
const b = named(budgets, 'b')
const P75 = [75]

/** The sites by name, from `after` on, of those with `search` in their name; the `only` one of a reader. Keys: (id); (site, tier, dimension, start); (site, id). */
export async function overview(
  databases: Databases,
  only: string | null,
  { after = '', search = '' }: OverviewQuery,
  now: number,
): Promise<OverviewAnswer> {
  const to = hourOf(now)
  const which = only === null ? sql`${s.id} > ${after}` : sql`${s.id} = ${only}`
  const { results } = await prepare(
    databases.DB,
    sql`SELECT ${listed(s.id, s.database, s.moving, s.other)} FROM ${s.table} WHERE ${which} AND instr(${s.id}, ${search}) AND ${s.deleted} IS NULL ORDER BY ${s.id} LIMIT ${MAX_SITES + 1}`,
  ).all<Placed>()
  const shown = results.slice(0, MAX_SITES)
  const names = shown.map(({ id }) => id)
  const found = await Promise.all(
    [...Map.groupBy(shown, site => readDatabaseOf(databases, site))].map(([d1, sites]) =>
      figuresOf(d1, sites, to),
    ),
  )
  const hoursOf = Map.groupBy(
    found.flatMap(({ hours }) => hours),
    ({ site }) => site,
  )
  const budgetsOf = Map.groupBy(
    found.flatMap(({ states }) => states),
    ({ site }) => site,
  )
  return {
    from: new Date((to - HOURS) * HOUR).toISOString(),
    to: new Date(to * HOUR).toISOString(),
    data: names.map(site => {
      const rows = hoursOf.get(site) ?? []
      const p75 = (vital: (typeof OVERVIEW_VITALS)[number]) => {
        const distribution = total(rows, vital)
        const [found] = distribution ? percentiles(distribution, P75, limitsOf(vital)) : []
        return found ? percentileInUnit(vital, found) : null
      }
      const count = (state: string) =>
        budgetsOf.get(site)?.filter(budget => budget.state === state).length ?? 0
      return {
        site,
        pageviews: rows.reduce((sum, row) => sum + weightIn(row, 'views'), 0),
        vitals: { lcp: p75('lcp'), inp: p75('inp'), cls: p75('cls') },
        budgets: { ok: count('ok'), breached: count('breached'), 'no-data': count('no-data') },
      }
    }),
    next: results.length > MAX_SITES ? (names.at(-1) ?? null) : null,
  }
}

/** What one database knows of its sites: their hours from `to` back, and how their budgets stand. */
async function figuresOf(d1: Preparer, sites: readonly Placed[], to: Hour) {
  const l = sql`json_each(${JSON.stringify(sites.map(({ id }) => id))}) AS l`
  const columns = ['views', ...OVERVIEW_VITALS] as const
  const [hours, states] = await Promise.all([
    prepare(
      d1,
      sql`SELECT ${r.site}, ${r.start}, ${r.value}, ${asText(columns.map(columnSql))} AS histograms FROM ${l} CROSS JOIN ${r.table}
        ON ${r.site} = l.value AND ${r.tier} = 'hour' AND ${r.dimension} = 'all' AND ${r.start} >= ${to - HOURS}
          AND ${r.start} < ${to}`,
    ).all<TextRow & { site: string }>(),
    prepare(
      d1,
      sql`SELECT ${b.site}, ${b.state} FROM ${l} CROSS JOIN ${b.table} ON ${b.site} = l.value`,
    ).all<{ site: string; state: keyof OverviewAnswer['data'][number]['budgets'] }>(),
  ])
  return { hours: hours.results.map(row => withUnread(row, columns)), states: states.results }
}
