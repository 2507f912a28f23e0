/** API calls by endpoint: what harms, is busy, slow or fails most, with budgets; one endpoint has a chart. */

import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { Breakdown } from './breakdown.tsx'
import { Chart } from './chart.tsx'
import { Figure } from './figure.tsx'
import { count, few, number } from './format.ts'
import { Groups, limitOf, totalOf } from './groups.tsx'
import { usePlace } from './link.tsx'
import { baseOf, pathOf } from './query.ts'
import { NamesChanged, useRulesSince } from './renamed.tsx'
import { Sampled, Section } from './section.tsx'
import { State } from './state.tsx'
import { Chips, Tabs } from './tabs.tsx'
import type { Place } from './url-state.ts'
import { useAnswer } from './use-api.ts'

const SORTS = { impact: 'Impact', busiest: 'Busiest', slowest: 'Slowest', failing: 'Failing' }

export function Api() {
  const [place] = usePlace()
  const { api } = place
  const extra = { endpoint: api, 'endpoint!': place['api!'] }
  const names = api ? api.split('\n') : []
  const found = useEndpoints(place)
  const { path, answer } = found
  const chosen = (answer.data?.data ?? []).filter(({ group }) => names.includes(group.endpoint ?? ''))
  const about = names.length > 1 ? count(names.length, 'endpoint') : api || 'All API calls'
  return (
    <>
      <Section
        title="API endpoints"
        answer={answer}
        path={path}
        className="whole"
        tools={<Tabs label="Order" name="sort" options={SORTS} />}
      >
        <Endpoints {...found} />
      </Section>
      {(api || place['api!']) && (
        <p class="row">
          <Chips name="api" title="Endpoint" />
          <Chips name="api!" title="Endpoint" />
        </p>
      )}
      <Chart metric="api" extra={extra} about={about} />
      {api && (
        <Breakdown
          metric="api"
          extra={extra}
          about={about}
          total={chosen.length < names.length ? null : chosen.reduce((sum, { count }) => sum + count, 0)}
        />
      )}
    </>
  )
}

/** All that the table shows, asked for at once: the endpoints, all of them together, what changed in each, and their budgets. */
function useEndpoints(place: Place) {
  const { p, sort } = place
  const base = { ...baseOf(place), 'endpoint!': place['api!'], metrics: 'api' }
  const grouped = { ...base, group_by: 'endpoint', sort, limit: limitOf(place) }
  const path = pathOf('summary', { ...grouped, percentiles: p })
  return {
    path,
    answer: useAnswer<SummaryAnswer>(path),
    all: useAnswer<SummaryAnswer>(pathOf('summary', { ...base, percentiles: p })).data,
    changes: useAnswer<TrendsAnswer>(pathOf('trends', { ...grouped, percentile: p }), true),
    budgets: useAnswer<BudgetsAnswer>(pathOf('budgets', { site: place.site })),
    since: useRulesSince(),
  }
}

function Endpoints({ answer, all, changes, budgets, since }: ReturnType<typeof useEndpoints>) {
  const found = answer.data
  const budgetsOf = ({ group }: SummaryRow) =>
    budgets.data?.data
      .filter(({ endpoint }) => endpoint === group.endpoint)
      .map(({ id, state }) => <State key={id} state={state} />)
  return (
    <>
      <Groups
        label="API endpoints"
        metric="api"
        by="endpoint"
        head="Endpoint"
        rows={found?.data ?? []}
        total={totalOf(found, all && (all.data[0]?.count ?? 0))}
        changes={changes}
        to={api => ({ api })}
        more={[
          [
            'Errors',
            ({ error_rate: value = 0, error_rate_interval: ends }) => (
              <Figure metric="error_rate" figure={{ value, low: null, high: null, ...ends }} />
            ),
          ],
          ['Calls per minute', ({ per_minute }) => few(per_minute ?? 0)],
          ['Budget state', budgetsOf],
        ]}
      />
      <Sampled of={found} />
      <NamesChanged from={found?.from} since={since} />
      {!!all?.calls_left_out && (
        <p class="soft">{number(all.calls_left_out)} calls are left out: a page view sends at most 64.</p>
      )}
    </>
  )
}
