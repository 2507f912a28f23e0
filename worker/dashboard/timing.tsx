/** What is measured beside the vitals: when the phases of a load end, and what pages mark themselves; one of them over time. */

import type { ComponentChildren } from 'preact'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { PHASES } from '../../schema/domain/metrics.ts'
import { Figure } from './figure.tsx'
import { count, number } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { measureName } from './phases.ts'
import { baseOf, intervalOf, pathOf, ZONE, zoneOfDays } from './query.ts'
import { Returns } from './returns.tsx'
import { Sampled, Section, Table } from './section.tsx'
import { slotsOf } from './timeline.ts'
import { Trend } from './trend.tsx'
import { useAnswer } from './use-api.ts'

/** Marks that one question may be about. */
const MARKS = 12

/** Why phases are read from a sample long before vitals are: each question unpacks them from their page views. */
const NO_ROLLUPS = 'Load phases come from single page views. A shorter range reads more of them.'

export function Timing() {
  const [place] = usePlace()
  const base = baseOf(place)
  // No question lists the names of marks: those that page views set are looked at.
  const views = useAnswer<PageViewsAnswer>(pathOf('pageviews', { ...base, order: 'newest', limit: 100 }))
  const names = [...new Set(views.data?.data.flatMap(({ marks }) => marks.map(({ name }) => name)))]
  const marks = names.sort().slice(0, MARKS)
  return (
    <>
      <Measures title="Load phases" names={PHASES.map(phase => `phase:${phase}`)} className="tall">
        When a load reached each point, counted from its start.
      </Measures>
      {marks.length > 0 ? (
        <Measures title="Custom marks" names={marks.map(name => `custom:${name}`)}>
          Marks of the newest 100 page views
          {names.length > MARKS && `, the first ${MARKS} of ${names.length}`}. They have the unit that your
          pages gave them.
        </Measures>
      ) : (
        <Section title="Custom marks" answer={views}>
          <p class="soft">
            The newest 100 page views set no mark. A page sets one by <code>mark(name, value)</code>.
          </p>
        </Section>
      )}
      <OverTime />
      <Returns />
    </>
  )
}

function Measures({
  title,
  names,
  className = '',
  children,
}: {
  title: string
  className?: string
  names: string[]
  children: ComponentChildren
}) {
  const [place] = usePlace()
  const p = `p${place.p}`
  const path = pathOf('summary', {
    ...baseOf(place),
    metrics: names.join(),
    percentiles: [...new Set([place.p, '95'])].join(),
  })
  const answer = useAnswer<SummaryAnswer>(path)
  const rows = answer.data?.data ?? []
  // The larger one first: the other is drawn over it.
  const bars = [...new Set(['p95', p])].sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)))
  const [largest = p] = bars
  const most = Math.max(...rows.map(({ percentiles }) => percentiles[largest]?.value ?? 0))
  return (
    <Section title={title} answer={answer} path={path} className={className}>
      <p class="soft">{children}</p>
      {rows.length === 0 ? (
        <p class="soft">no data</p>
      ) : (
        <Table
          label={title}
          columns={['Name', ...(p === 'p95' ? [] : [p]), 'Timeline', 'p95', 'Count', 'Samples']}
        >
          {rows.map(({ metric, percentiles, count, samples }) => (
            <tr key={metric}>
              <th scope="row">
                <Link to={{ of: metric }} current={place.of === metric}>
                  <Name>{measureName(metric)}</Name>
                </Link>
              </th>
              {p !== 'p95' && (
                <td>
                  <Figure metric={metric} figure={percentiles[p]} />
                </td>
              )}
              <td class="wide">
                <div class="track" aria-hidden="true">
                  {bars.map(name => (
                    <span
                      key={name}
                      class={name === p ? 'part1' : 'part0'}
                      style={{ left: 0, width: `${((percentiles[name]?.value ?? 0) / most) * 100}%` }}
                    />
                  ))}
                </div>
              </td>
              <td>
                <Figure metric={metric} figure={percentiles.p95} />
              </td>
              <td>{number(count)}</td>
              <td>{number(samples)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Sampled of={answer.data}>{isPhase(names[0]) && NO_ROLLUPS}</Sampled>
    </Section>
  )
}

function OverTime() {
  const [place] = usePlace()
  const { of, p } = place
  const how = { metrics: of, percentiles: p, interval: intervalOf(place), timezone: zoneOfDays(place) }
  const path = pathOf('timeseries', { ...baseOf(place), ...how })
  const answer = useAnswer<TimeseriesAnswer>(path)
  const { data } = answer
  const [row] = data?.data ?? []
  const slots = data ? slotsOf(data, row?.points ?? []) : []
  const title = `${measureName(of)} over time`
  return (
    <Section title={title} answer={answer} path={path} className="chart whole">
      <Trend
        label={title}
        measure={row?.metric ?? 'phase:load'}
        slots={slots}
        zone={data?.timezone ?? ZONE}
        series={[
          {
            ...{ name: `p${p}`, kind: 'chosen', band: true },
            figures: slots.map(({ point }) => point?.percentiles[`p${p}`]),
          },
        ]}
        counts={slot => count(slots[slot]?.point?.samples ?? 0, 'sample')}
        note={noteOf(data?.sampled, of)}
      />
    </Section>
  )
}

function noteOf(sampled = 1, of: string): string {
  if (sampled === 1) return ''
  return `Read from one in ${sampled} page views. ${isPhase(of) ? NO_ROLLUPS : ''}`
}

function isPhase(measure = ''): boolean {
  return measure.startsWith('phase:')
}
