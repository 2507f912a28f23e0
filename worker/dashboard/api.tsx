/** API calls by endpoint: what harms, is busy, slow or fails most, with budgets; one endpoint has a chart. */

import type { BudgetsAnswer } from '../../schema/budgets.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/summary.ts'
import { useAnswer } from './answer.ts'
import { Breakdown, FEW } from './breakdown.tsx'
import { Chart } from './chart.tsx'
import { Figure } from './figure.tsx'
import { Link, usePlace } from './go.tsx'
import { baseOf, pathOf } from './question.ts'
import { Section, Table } from './section.tsx'
import { ShareBar } from './sharebar.tsx'
import { number, percent, perMinute } from './words.ts'

const SORTS = { impact: 'Impact', busiest: 'Busiest', slowest: 'Slowest', failing: 'Failing' } as const

export function Api() {
  const [place, move] = usePlace()
  const { p, sort, rows, api } = place
  const base = { ...baseOf(place), metrics: 'api', percentiles: p }
  const path = pathOf('summary', { ...base, group_by: 'endpoint', sort, limit: rows })
  const answer = useAnswer<SummaryAnswer>(path)
  const all = useAnswer<SummaryAnswer>(pathOf('summary', base))
  const budgets = useAnswer<BudgetsAnswer>(pathOf('budgets', { site: place.site }))
  const total = all.data?.data[0]?.count ?? 0
  const data = answer.data?.data ?? []
  const chosen = data.find(row => row.group.endpoint === api)
  const tools = (
    <nav class="tabs" aria-label="Order">
      {(Object.keys(SORTS) as (keyof typeof SORTS)[]).map(name => (
        <Link key={name} to={{ sort: name }} current={sort === name}>
          {SORTS[name]}
        </Link>
      ))}
    </nav>
  )
  const columns = [
    ...['Endpoint', `p${p}`, 'Good, needs improvement, poor', 'Impact', 'Errors'],
    ...['Calls a minute', 'Calls', 'Share', 'Samples', 'Budget'],
  ]
  return (
    <>
      <Section title="API endpoints" answer={answer} path={path} tools={tools}>
        {data.length === 0 ? (
          <p class="soft">no data</p>
        ) : (
          <Table label="API endpoints" columns={columns}>
            {data.map(row => (
              <Row key={row.group.endpoint} row={row} total={total} budgets={budgets.data} />
            ))}
          </Table>
        )}
        {data.length === Number(rows) && rows !== '200' && (
          <p>
            <Link to={{ rows: rows === '10' ? '50' : '200' }}>Show more rows</Link>
          </p>
        )}
      </Section>
      {api && (
        <p>
          <button type="button" class="chip" onClick={() => move({ api: '' })}>
            Endpoint <bdi>{api}</bdi> <span aria-hidden="true">×</span>
            <span class="hidden"> show all endpoints</span>
          </button>
        </p>
      )}
      <Chart metric="api" extra={api ? { endpoint: api } : {}} about={api || 'All API calls'} />
      {api && <Breakdown metric="api" extra={{ endpoint: api }} total={chosen?.count ?? 0} />}
    </>
  )
}

interface RowProps {
  row: SummaryRow
  total: number
  budgets: BudgetsAnswer | null
}

function Row({ row, total, budgets }: RowProps) {
  const [place] = usePlace()
  const endpoint = row.group.endpoint ?? ''
  const share = total ? Math.min(1, row.count / total) : null
  const impact = share === null || !row.shares ? null : share * (1 - row.shares.good)
  const own = budgets?.data.filter(budget => budget.endpoint === endpoint) ?? []
  return (
    <tr class={row.samples < FEW ? 'few' : ''}>
      <th scope="row" title={endpoint}>
        <Link to={{ api: endpoint }} current={place.api === endpoint}>
          <bdi>{endpoint}</bdi>
        </Link>
      </th>
      <td>
        <Figure metric="api" figure={row.percentiles[`p${place.p}`]} />
      </td>
      <td class="wide">{row.shares && <ShareBar shares={row.shares} />}</td>
      <td>{impact === null ? '–' : percent(impact)}</td>
      <td>{row.error_rate === undefined ? '–' : percent(row.error_rate)}</td>
      <td>{row.per_minute === undefined ? '–' : perMinute(row.per_minute)}</td>
      <td>{number(row.count)}</td>
      <td>{share === null ? '–' : percent(share)}</td>
      <td>
        {number(row.samples)}
        {row.samples < FEW && ', few'}
      </td>
      <td>
        {own.length === 0
          ? '–'
          : own.map(({ id, state }) => (
              <span key={id} class={`state ${state}`}>
                {state}
              </span>
            ))}
      </td>
    </tr>
  )
}
