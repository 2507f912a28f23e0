/** What D1 has of a site, as text tables: the summary endpoint is asked, lines come out. */

import { format, METRICS } from '../schema/metrics.ts'
import type { GroupKey, SummaryAnswer, SummaryRow } from '../schema/query.ts'
import type { LocalServer } from './local-server.ts'
import { table } from './table.ts'

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
    section('All page views', 'metric', inOrder(overall), row => row.metric),
    section('By route', 'route', byName(routes, 'route'), row => row.group.route ?? '', [
      'metric',
      row => row.metric,
    ]),
    section('API calls', 'endpoint', byName(endpoints, 'endpoint'), row => row.group.endpoint ?? '', [
      'errors',
      row => `${Math.round((row.error_rate ?? 0) * 100)} %`,
    ]),
  ].join('\n\n')
}

type Cell = (row: SummaryRow) => string

function section(
  title: string,
  first: string,
  rows: SummaryRow[],
  name: Cell,
  extra?: [head: string, cell: Cell],
) {
  const head = [first, ...(extra ? [extra[0]] : []), 'count', 'p50', 'p75', '95 % of p75', 'p95', 'p75 is']
  const lines = rows.map((row, i) => {
    const before = rows[i - 1]
    return [
      before && name(before) === name(row) ? '' : name(row),
      ...(extra ? [extra[1](row)] : []),
      String(row.count),
      value(row, 'p50'),
      value(row, 'p75'),
      interval(row),
      value(row, 'p95'),
      row.rating,
    ]
  })
  return `  ${title}\n\n${rows.length ? table(head, lines) : '  no data'}`
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
