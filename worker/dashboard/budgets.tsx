/** Budgets with their state, each to be changed or deleted, their history, and the webhook. */

import type { Ref } from 'preact'
import { useContext, useEffect, useRef } from 'preact/hooks'
import type { BudgetAnswer, BudgetEventsAnswer, BudgetsAnswer } from '../../schema/api/budgets.ts'
import { figureOf, isLeast, subjectOf, writeLimit } from '../../schema/domain/budget-figure.ts'
import { format, hasPercentiles } from '../../schema/domain/metrics.ts'
import { BudgetForm } from './budgetform.tsx'
import { request } from './client.ts'
import { causeOf } from './events.tsx'
import { Figure } from './figure.tsx'
import { count, few, moment, number, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { pathOf } from './query.ts'
import { Section, Table } from './section.tsx'
import { mayChange } from './session.ts'
import { State } from './state.tsx'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'
import { Webhooks } from './webhooks.tsx'

export function Budgets() {
  const [{ site, id }] = usePlace()
  const path = pathOf('budgets', { site })
  const answer = useAnswer<BudgetsAnswer>(path)
  const budgets = answer.data?.data ?? []
  const columns = [
    'Budget',
    'Value',
    'State',
    'Since',
    'Samples',
    'Release',
    ...(mayChange() ? ['Change'] : []),
  ]
  const open = budgets.find(budget => budget.id === id)
  return (
    <>
      <Section title="Budgets" answer={answer}>
        {budgets.length === 0 ? (
          <p class="soft">No budgets yet.{mayChange() && ' Create the first one.'}</p>
        ) : (
          <>
            <Table label="Budgets" columns={columns}>
              {budgets.map(budget => (
                <Row key={budget.id} budget={budget} />
              ))}
            </Table>
            <p class="soft">
              Breached: the whole 95% interval lies beyond the limit. Ok: none of it does. Between them the
              state stays.
            </p>
          </>
        )}
      </Section>
      {answer.data && mayChange() && <BudgetForm key={open?.id} budget={open} />}
      <History budgets={budgets} />
      {mayChange() && <Webhooks budgets={budgets.map(budget => [budget.id, nameOf(budget)])} />}
    </>
  )
}

function Row({ budget }: { budget: BudgetAnswer }) {
  const [{ site }, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const { id, state, since, value, low, high, release } = budget
  const name = nameOf(budget)
  const onDelete = () => {
    if (!confirm(`Delete the budget ${name}?`)) return
    run(request(`/v1/sites/${site}/budgets/${id}`, { method: 'DELETE' }), '').then(done => {
      if (!done) return
      move({ id: '' }, true)
      again()
    })
  }
  return (
    <tr>
      <th scope="row" title={name}>
        <Name>{name}</Name>
      </th>
      <td>
        <Figure metric={figureOf(budget)} figure={value === null ? undefined : { value, low, high }} />
      </td>
      <td>
        <State state={state} />
      </td>
      <td>{moment(since)}</td>
      <td>{samplesOf(budget)}</td>
      <td class="text">
        <Name>{release ?? '–'}</Name>
      </td>
      {mayChange() && (
        <td>
          <Link to={{ id }} className="button" label={`Change ${name}`}>
            Change
          </Link>{' '}
          <button type="button" aria-label={`Delete ${name}`} onClick={onDelete}>
            Delete
          </button>
          <span role="status">{said}</span>
        </td>
      )}
    </tr>
  )
}

/** `143 samples (needs 100)`; that nothing matches is no lack of traffic, and what no run of the cron has judged has no samples yet. */
function samplesOf(budget: BudgetAnswer): string {
  const { metric, samples, effective_samples, minimum, checked, window_hours } = budget
  if (!checked) return 'not judged yet'
  if (metric === 'pageviews') return count(samples, 'sample')
  if (!samples) return `nothing matched in ${window_hours} h (needs ${number(minimum)})`
  const alike = effective_samples !== null && effective_samples < minimum && samples >= minimum
  return `${count(samples, 'sample')}${alike ? `, worth ${few(effective_samples)}` : ''} (needs ${number(minimum)})`
}

function History({ budgets }: { budgets: BudgetAnswer[] }) {
  const [place] = usePlace()
  const path = pathOf('budget-events', { site: place.site })
  const answer = useAnswer<BudgetEventsAnswer>(path)
  const events = answer.data?.data ?? []
  const met = useRef<HTMLTableRowElement>(null)
  useEffect(() => met.current?.scrollIntoView({ block: 'center' }), [place.at, events.length])
  const of = (id: string) => budgets.find(budget => budget.id === id)
  return (
    <Section title="History" answer={answer}>
      {events.length === 0 ? (
        <p class="soft">No changes yet.</p>
      ) : (
        <Table label="History" columns={['When', 'State', 'Value', 'Samples', 'Budget', 'Release']}>
          {events.map(event => (
            <Event
              key={`${event.budget} ${event.at}`}
              event={event}
              budget={of(event.budget)}
              met={event.at === place.at ? met : null}
            />
          ))}
        </Table>
      )}
    </Section>
  )
}

interface EventProps {
  event: BudgetEventsAnswer['data'][number]
  /** Undefined where it is deleted. */
  budget: BudgetAnswer | undefined
  /** Set where the address is about this event. */
  met: Ref<HTMLTableRowElement> | null
}

function Event({ event: { at, state, value, samples, release }, budget, met }: EventProps) {
  return (
    <tr ref={met} class={met ? 'met' : ''}>
      <th scope="row">{moment(at)}</th>
      <td>
        {budget && state === 'breached' ? (
          <Link to={causeOf(budget, Date.parse(at))} label={`See the cause of ${nameOf(budget)}`}>
            <State state={state} />
          </Link>
        ) : (
          <State state={state} />
        )}
      </td>
      <td>{budget ? format(figureOf(budget), value) : value}</td>
      <td>{number(samples)}</td>
      <td class="text">
        <Name>{budget ? nameOf(budget) : 'deleted'}</Name>
      </td>
      <td class="text">
        <Name>{release ?? '–'}</Name>
      </td>
    </tr>
  )
}

/** `p75 of LCP ≤ 2.50 s in 24 h, /checkout, phone, plan:pro`. */
function nameOf(budget: BudgetAnswer): string {
  const { metric, percentile, window_hours } = budget
  const what = hasPercentiles(metric) ? `p${percentile} of ${short(metric)}` : metric
  const promise = `${what} ${isLeast(budget) ? '' : '≤ '}${writeLimit(budget)} in ${window_hours} h`
  return [promise, ...subjectOf(budget)].join(', ')
}
