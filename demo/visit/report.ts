/** What D1 has of a site, as text tables, asked of the summary endpoint. */

import { table } from '../../cli/table.ts'
import type { GroupKey } from '../../schema/api/filters.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/api/summary.ts'
import { format, METRICS } from '../../schema/domain/metrics.ts'
import type { LocalServer } from '../local/server.ts'

type Server = Pick<LocalServer, 'url' | 'token'>

/** Asks `/v1/summary` for the site `demo`. Throws with the answer where it is not 200. */
export async function summary(
  { url, token }: Server,
  query: Record<string, string> = {},
): Promise<SummaryRow[]> {
  const answer = await fetch(`${url}/v1/summary?${new URLSearchParams({ site: 'demo', ...query })}`, {
    headers: { Authorization: `Bearer ${token}` },
  })
  if (!answer.ok) throw new Error(`/v1/summary answered ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as SummaryAnswer).data
}

/** Three tables: all page views, by route, API calls by endpoint. */
export async function report(server: Server): Promise<string> {
  const [overall, routes, endpoints] = await Promise.all([
    summary(server),
    summary(server, { group_by: 'route', limit: '50' }),
    summary(server, { metrics: 'api', group_by: 'endpoint', limit: '50' }),
  ])
  return [
    section('All page views', inOrder(overall), { metric, ...NUMBERS }),
    section('By route', byName(routes, 'route'), { route, metric, ...NUMBERS }),
    section('API calls', byName(endpoints, 'endpoint'), { endpoint, ...NUMBERS, errors }),
  ].join('\n\n')
}

type Cell = (row: SummaryRow) => string

const metric: Cell = row => row.metric
const route: Cell = row => row.group.route ?? ''
const endpoint: Cell = row => row.group.endpoint ?? ''
const errors: Cell = row => `${Math.round((row.error_rate ?? 0) * 100)} %`

const NUMBERS: Record<string, Cell> = {
  count: row => String(row.count),
  p50: row => value(row, 'p50'),
  p75: row => value(row, 'p75'),
  '95 % of p75': interval,
  p95: row => value(row, 'p95'),
  'p75 is': row => row.rating ?? '',
}

/** A titled table; a first cell that repeats the one above it is left empty. */
function section(title: string, rows: SummaryRow[], columns: Record<string, Cell>): string {
  const lines = rows.map(row => Object.values(columns).map(cell => cell(row)))
  const shown = lines.map(([first = '', ...rest], i) => [first === lines[i - 1]?.[0] ? '' : first, ...rest])
  return `  ${title}\n\n${rows.length ? table(Object.keys(columns), shown) : '  no data'}`
}

function value({ metric, percentiles }: SummaryRow, name: string): string {
  return format(metric, percentiles[name]?.value ?? null)
}

/** An end that the samples do not bound is written as `?`. */
function interval({ metric, percentiles }: SummaryRow): string {
  const { low = null, high = null } = percentiles.p75 ?? {}
  const end = (bound: number | null) => (bound === null ? '?' : format(metric, bound))
  return `${end(low)} .. ${end(high)}`
}

const METRIC_ORDER = Object.keys(METRICS)

function inOrder(rows: SummaryRow[]): SummaryRow[] {
  return rows.toSorted((a, b) => METRIC_ORDER.indexOf(a.metric) - METRIC_ORDER.indexOf(b.metric))
}

function byName(rows: SummaryRow[], key: GroupKey): SummaryRow[] {
  return inOrder(rows).sort((a, b) => (a.group[key] ?? '').localeCompare(b.group[key] ?? ''))
}
