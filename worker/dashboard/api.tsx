/** API calls by endpoint: what harms, is busy, slow or fails most, with budgets; one endpoint has a chart. */

import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { Breakdown } from './breakdown.tsx'
import { Chart } from './chart.tsx'
import { count, few, number, percent } from './format.ts'
import { Groups, limitOf, totalOf } from './groups.tsx'
import { usePlace } from './link.tsx'
import { baseOf, pathOf } from './query.ts'
import { NamesChanged, useRulesSince } from './renamed.tsx'
import { Sampled, Section } from './section.tsx'
import { State } from './state.tsx'
import { Chips, Tabs } from './tabs.tsx'
import { useAnswer } from './use-api.ts'

const SORTS = { impact: 'Impact', busiest: 'Busiest', slowest: 'Slowest', failing: 'Failing' }

export function Api() {
  const [place] = usePlace()
  const { p, sort, api } = place
  const left = { 'endpoint!': place['api!'] }
  const own = { endpoint: api, ...left }
  const names = api ? api.split('\n') : []
  const base = { ...baseOf(place), ...left, metrics: 'api', percentiles: p }
  const path = pathOf('summary', { ...base, group_by: 'endpoint', sort, limit: limitOf(place) })
  const answer = useAnswer<SummaryAnswer>(path)
  const all = useAnswer<SummaryAnswer>(pathOf('summary', base))
  const grouped = { metrics: 'api', percentile: p, group_by: 'endpoint', sort, limit: limitOf(place) }
  const changes = useAnswer<TrendsAnswer>(pathOf('trends', { ...baseOf(place), ...left, ...grouped }), true)
  const budgets = useAnswer<BudgetsAnswer>(pathOf('budgets', { site: place.site }))
  const since = useRulesSince()
  const data = answer.data?.data ?? []
  const chosen = data.filter(({ group }) => group.endpoint && names.includes(group.endpoint))
  const about = names.length > 1 ? count(names.length, 'endpoint') : api || 'All API calls'
  const budgetsOf = ({ group }: SummaryRow) =>
    budgets.data?.data
      .filter(({ endpoint }) => endpoint === group.endpoint)
      .map(({ id, state }) => <State key={id} state={state} />)
  return (
    <>
      <Section
        title="API endpoints"
        answer={answer}
        path={path}
        className="whole"
        tools={<Tabs label="Order" name="sort" options={SORTS} />}
      >
        <Groups
          label="API endpoints"
          metric="api"
          by="endpoint"
          head="Endpoint"
          rows={data}
          total={totalOf(answer.data, all.data && (all.data.data[0]?.count ?? 0))}
          changes={changes}
          to={api => ({ api })}
          more={[
            ['Errors', ({ error_rate }) => percent(error_rate ?? 0)],
            ['Calls per minute', ({ per_minute }) => few(per_minute ?? 0)],
            ['Budget state', budgetsOf],
          ]}
        />
        <Sampled of={answer.data} />
        <NamesChanged from={answer.data?.from} since={since} />
        {!!all.data?.calls_left_out && (
          <p class="soft">
            {number(all.data.calls_left_out)} calls are left out: a page view sends at most 64. Percentiles
            cover only those.
          </p>
        )}
      </Section>
      {(api || place['api!']) && (
        <p class="row">
          <Chips name="api" title="Endpoint" />
          <Chips name="api!" title="Endpoint" />
        </p>
      )}
      <Chart metric="api" extra={own} about={about} />
      {api && (
        <Breakdown
          metric="api"
          extra={own}
          about={about}
          total={chosen.length < names.length ? null : chosen.reduce((sum, { count }) => sum + count, 0)}
        />
      )}
    </>
  )
}
