/**
 * What happened beside the lines: breaches and recoveries of budgets, deploys, releases. Each is a mark above the chart that leads
 * to its event; marks that would stand on each other are one, which opens.
 */

import type { BudgetAnswer, BudgetEventsAnswer, BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { DeploysAnswer } from '../../schema/api/deploys.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { subjectOf, writeLimit } from '../../schema/domain/budget-figure.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { count } from './format.ts'
import { type Change, Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { between, pathOf, type Query, rangeOf } from './query.ts'
import { PERCENTILES } from './url-state.ts'
import { type Answer, useAnswer } from './use-api.ts'

const SIGNS = { breach: '▲', recovery: '▼', deploy: '◆', release: '●' } as const

export interface Happening {
  kind: keyof typeof SIGNS
  /** Unix ms. */
  time: number
  /** `release 2.4.0 begins` */
  text: string
  /** What its mark says beside its sign, where there is room. */
  name: string
  to: Change
}

/** All that happened to a metric, and what of it is not known. `over` is the question that the lines answer. */
export function useEvents(
  metric: Metric,
  endpoint: string,
  over: Query,
  budgets: Answer<BudgetsAnswer>,
): { found: Happening[]; note: string } {
  const [place] = usePlace()
  const releases = useAnswer<TimeseriesAnswer>(
    pathOf('timeseries', { ...over, percentiles: 75, group_by: 'release', limit: 20 }),
  )
  const judged = useAnswer<BudgetEventsAnswer>(pathOf('budget-events', { site: place.site }))
  const deploys = useAnswer<DeploysAnswer>(pathOf('deploys', rangeOf(place)))
  const failed = [releases, judged, budgets, deploys].some(({ data, error }) => !data && error)
  const shown = (budgets.data?.data ?? []).filter(
    budget => budget.metric === metric && (!endpoint || budget.endpoint === endpoint),
  )
  return {
    found: [...changesOf(judged.data, shown), ...deploysOf(deploys.data), ...releasesOf(releases.data)],
    note: failed ? 'Some events are not known.' : '',
  }
}

/** Breaches, and recoveries from them. */
function changesOf(answer: BudgetEventsAnswer | null, budgets: readonly BudgetAnswer[]): Happening[] {
  const events = answer?.data ?? []
  return events.flatMap(({ budget: id, at, state }, i): Happening[] => {
    const budget = budgets.find(budget => budget.id === id)
    const before = events.slice(i + 1).find(({ budget }) => budget === id)?.state
    const time = Date.parse(at)
    if (!budget) return []
    const name = `p${budget.percentile} ≤ ${writeLimit(budget)}`
    const of = [name, ...subjectOf(budget)].join(', ')
    if (state === 'breached') {
      return [{ kind: 'breach', time, name, text: `breach of ${of}`, to: causeOf(budget, time) }]
    }
    if (state !== 'ok' || before !== 'breached') return []
    return [{ kind: 'recovery', time, name, text: `recovery of ${of}`, to: { view: 'budgets', at } }]
  })
}

/** Where one sees what a breach came from: its page views in the window that was judged, and their causes. */
export function causeOf(budget: BudgetAnswer, time: number): Change {
  const { metric, percentile, window_hours, endpoint, route, device, tag, segment } = budget
  const known = Object.hasOwn(METRICS, metric) ? { metric: metric as Metric } : {}
  const to = Math.ceil(time / HOUR) * HOUR
  return {
    ...known,
    view: metric === 'api' ? 'api' : 'overview',
    ...(PERCENTILES.includes(String(percentile)) && { p: String(percentile) }),
    ...{
      api: endpoint ?? '',
      route: route ?? '',
      device: device ?? '',
      tag: tag ?? '',
      segment: segment ?? '',
    },
    ...{ chart: 'lines', interval: '' },
    ...between(to - Math.max(window_hours, 2) * HOUR, to),
    at: 'cause',
  }
}

/** A deploy leads to what came after it, against the same hours before. */
function deploysOf(answer: DeploysAnswer | null): Happening[] {
  return (answer?.data ?? []).map(({ at, release, note }) => {
    const time = Date.parse(at)
    const from = hourOf(time) * HOUR
    const range = between(from, Math.min(from + DAY, Math.ceil(Date.now() / HOUR) * HOUR))
    const text = `deploy of ${release}${note ? `: ${note}` : ''}`
    return {
      kind: 'deploy',
      time,
      name: release,
      text,
      to: { view: 'compare', on: 'period', a: '', ...range },
    }
  })
}

/** Releases that first appear within the range; those that were there at its begin have no mark. */
function releasesOf(answer: TimeseriesAnswer | null): Happening[] {
  const begins = (answer?.data ?? []).flatMap(({ group, rest, other, points: [first] }) =>
    group.release && first && !rest && !other ? [{ name: group.release, time: Date.parse(first.time) }] : [],
  )
  return begins
    .sort((a, b) => a.time - b.time)
    .flatMap(({ name, time }, i, { [i - 1]: before }): Happening[] => {
      if (!before || time === begins[0]?.time) return []
      const to: Change = { view: 'compare', on: 'release', a: before.name, b: name }
      return [{ kind: 'release', time, name, text: `release ${name} begins`, to }]
    })
}

/** The width of a mark, which a finger hits. */
const MARK = 26
/** Room that a name needs to be of use. */
const NAMED = 70

export function Events({ events, width }: { events: readonly (Happening & { x: number })[]; width: number }) {
  const groups: (Happening & { x: number })[][] = []
  for (const event of events.toSorted((a, b) => a.x - b.x)) {
    const group = groups.at(-1)
    // At the right end a mark stands left of its line.
    const x = Math.min(event.x, width - MARK)
    if (group?.[0] && x - group[0].x < MARK) group.push(event)
    else groups.push([{ ...event, x }])
  }
  return (
    <ul class="events" aria-label="Events">
      {groups.map((group, i) => {
        const [first] = group
        if (!first) return null
        const { x } = first
        const room = (groups[i + 1]?.[0]?.x ?? width) - x
        return (
          <li key={x} style={{ left: `${(x / width) * 100}%`, maxWidth: `${room}px` }}>
            {group.length === 1 ? (
              <Mark event={first} named={room > NAMED} />
            ) : (
              <details name="events" class={x > width / 2 ? 'flips' : ''}>
                <summary aria-label={count(group.length, 'event')}>{group.length}</summary>
                <ul>
                  {group.map(event => (
                    <li key={`${event.kind} ${event.text}`}>
                      <Mark event={event} named />
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function Mark({ event: { kind, name, text, to }, named }: { event: Happening; named: boolean }) {
  return (
    <Link to={to} label={text}>
      <span class={kind}>{SIGNS[kind]}</span> {named && <Name>{name}</Name>}
    </Link>
  )
}
