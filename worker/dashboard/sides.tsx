/** What is shown of two sides that are compared: figures with their difference, lines, histograms, causes. */

import type { CausesAnswer } from '../../schema/api/causes.ts'
import type { OtlpAnswer } from '../../schema/api/otlp.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import type { TrendsAnswer, TrendsRow } from '../../schema/api/trends.ts'
import { DAY } from '../../schema/domain/hour.ts'
import { format, METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { withCodes } from '../../schema/domain/unseen.ts'
import { Tools } from './chart.tsx'
import { Figure } from './figure.tsx'
import { count, percent, short, verdict } from './format.ts'
import { pointOf, Spreads } from './histogram.tsx'
import { Kept } from './kept.tsx'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { between, intervalOf, pathOf, type Query, spanOf, zoneOfDays } from './query.ts'
import { Sampled, Section, Table } from './section.tsx'
import { slotsOf } from './timeline.ts'
import { Trend } from './trend.tsx'
import { filterOf, type Place } from './url-state.ts'
import { type Answer, useAnswer } from './use-api.ts'

/** One side: what it is called, how it is drawn, and what is asked of it. */
export interface Side {
  name: string
  kind: 'a' | 'b'
  query: Query
}

/** How many days the other period lies before this one: so that the same hours, and where it can be weekdays, are compared. */
export function daysBefore(place: Place): number {
  const [from, to] = spanOf(place)
  const length = Math.ceil((to - from) / DAY - 0.05)
  return Math.min(700, Math.max(1, Math.floor(Number(place.a)) || length || 1))
}

export function Sides({ sides }: { sides: [Side, Side] }) {
  const [place] = usePlace()
  const { on, p, metric } = place
  const [{ query: a }, { query: b }] = sides
  const baseline =
    on === 'period'
      ? { baseline_from: a.from, baseline_to: a.to }
      : { [`baseline_${filterOf(on, '')[0]}`]: filterOf(on, sides[0].name)[1] }
  const metrics = Object.keys(METRICS) as Metric[]
  const path = pathOf('trends', { ...b, ...baseline, metrics: metrics.join(), percentile: p })
  const trends = useAnswer<TrendsAnswer>(path)
  // Where the other period ends before anything is kept, there is nothing to draw.
  const since = Date.parse(trends.data?.baseline.kept_from ?? '')
  const isGone = on === 'period' && since >= Date.parse(String(a.to))
  const rowOf = (metric: Metric) => trends.data?.data.find(row => row.metric === metric)
  return (
    <>
      {on === 'period' && since > 0 && <Kept since={since} days={daysBefore(place)} />}
      <Section title={`Differences of p${p}`} answer={trends} path={path} className="whole">
        <ul class="cards">
          {metrics.map(metric => (
            <Difference key={metric} metric={metric} row={rowOf(metric)} sides={sides} />
          ))}
        </ul>
        <Sampled of={trends.data} />
      </Section>
      {!isGone && <Panels sides={sides} row={rowOf(metric)} />}
    </>
  )
}

function Panels({ sides, row }: { sides: [Side, Side]; row: TrendsRow | undefined }) {
  const [{ chart, metric }] = usePlace()
  return (
    <>
      {chart === 'lines' ? <Lines sides={sides} /> : <Histograms sides={sides} row={row} />}
      {(metric === 'lcp' || metric === 'inp' || metric === 'cls') && <Causes metric={metric} sides={sides} />}
    </>
  )
}

function Difference({
  metric,
  row,
  sides,
}: {
  metric: Metric
  row: TrendsRow | undefined
  sides: [Side, Side]
}) {
  const [place] = usePlace()
  const signed = (value: number) => {
    const size = format(metric, Math.abs(value)).replace(' ', '\xa0')
    // What rounds to nothing has no direction.
    return /[1-9]/.test(size) ? `${value < 0 ? '−' : '+'}${size}` : size
  }
  const found = row?.change?.difference
  return (
    <li class={`panel short card ${place.metric === metric ? 'chosen' : ''}`}>
      <h3>
        <Link to={{ metric }} current={place.metric === metric}>
          {short(metric)}
        </Link>
      </h3>
      {sides.map(({ name, kind }) => {
        const side = row?.[kind === 'a' ? 'before' : 'after']
        return (
          <p key={kind}>
            <Name class={kind}>{name}</Name> <Figure metric={metric} figure={side ?? undefined} />
            {side && <small> {count(side.samples, 'sample')}</small>}
          </p>
        )
      })}
      <p class={row?.verdict ?? 'soft'}>
        {found && (
          <>
            <b>{signed(found.value)}</b>{' '}
            <small>
              95% interval {signed(found.low)} to {signed(found.high)}
            </small>
            <br />
          </>
        )}
        {row ? verdict(row) : 'no data'}
      </p>
    </li>
  )
}

/** Two answers as one: there is something to show once both are there. */
function both<T>(a: Answer<T>, b: Answer<T>): Answer<[T, T]> {
  return {
    data: a.data && b.data && [a.data, b.data],
    at: Math.min(a.at, b.at),
    error: a.error || b.error,
    busy: a.busy || b.busy,
  }
}

function Lines({ sides }: { sides: [Side, Side] }) {
  const [place] = usePlace()
  const { metric, p } = place
  const [{ query: a }, { query: b }] = sides
  // The older of the two decides what is still there.
  const older =
    place.on === 'period' ? { ...place, ...between(Date.parse(String(a.from)), spanOf(place)[1]) } : place
  const how = {
    metrics: metric,
    percentiles: p,
    interval: intervalOf({ ...older, interval: intervalOf(place) }),
    timezone: zoneOfDays(older),
  }
  const path = pathOf('timeseries', { ...b, ...how })
  const answer = both(
    useAnswer<TimeseriesAnswer>(pathOf('timeseries', { ...a, ...how })),
    useAnswer<TimeseriesAnswer>(path),
  )
  const [earlier = [], slots = []] = answer.data?.map(one => slotsOf(one, one.data[0]?.points ?? [])) ?? []
  // By their time: what is kept of the other period may begin later than it does.
  const apart = place.on === 'period' ? daysBefore(place) * DAY : 0
  const known = new Map(earlier.map(slot => [slot.time + apart, slot]))
  const before = slots.map(({ time }) => known.get(time))
  return (
    <Section
      title={`${short(metric)} p${p}, compared`}
      answer={answer}
      path={path}
      tools={<Tools />}
      className="chart"
    >
      <Trend
        label={`${short(metric)} compared`}
        measure={metric}
        slots={slots}
        zone={answer.data?.[1].timezone ?? ''}
        series={sides.map(({ name, kind }, i) => ({
          ...{ name, kind, band: true },
          figures: slots.map((_, slot) => (i ? slots : before)[slot]?.point?.percentiles[`p${p}`]),
        }))}
        counts={slot =>
          [before, slots].map(side => count(side[slot]?.point?.samples ?? 0, 'sample')).join(' and ')
        }
        zoomed={() => (place.on === 'period' ? { a: String(daysBefore(place)) } : {})}
      />
    </Section>
  )
}

function Histograms({ sides, row }: { sides: [Side, Side]; row: TrendsRow | undefined }) {
  const [{ metric, p }] = usePlace()
  const [a, b] = sides.map(({ query }) => pathOf('export', { ...query, metrics: metric, format: 'otlp' }))
  const answer = both(useAnswer<OtlpAnswer>(a ?? ''), useAnswer<OtlpAnswer>(b ?? ''))
  return (
    <Section
      title={`${short(metric)} distributions`}
      answer={answer}
      path={b ?? ''}
      tools={<Tools />}
      className="chart"
    >
      <Spreads
        metric={metric}
        spreads={sides.map(({ name, kind }, i) => ({
          ...{ name: `${name} p${p}`, kind, point: pointOf(answer.data?.[i] ?? null) },
          figure: row?.[i ? 'after' : 'before'] ?? undefined,
        }))}
      />
    </Section>
  )
}

function Causes({ metric, sides }: { metric: 'lcp' | 'inp' | 'cls'; sides: [Side, Side] }) {
  const [a, b] = sides.map(({ query }) => pathOf('causes', { ...query, metric, limit: 10 }))
  const answer = both(useAnswer<CausesAnswer>(a ?? ''), useAnswer<CausesAnswer>(b ?? ''))
  const keyOf = ({ target, event }: CausesAnswer['data'][number]) => [event, target].filter(Boolean).join(' ')
  const keys = [...new Set(answer.data?.toReversed().flatMap(({ data }) => data.map(keyOf)))]
  return (
    <Section title={`Causes of ${short(metric)}, compared`} answer={answer} path={b ?? ''}>
      {keys.length === 0 && <p class="soft">no data</p>}
      <Table label="Causes" columns={['Element', ...sides.flatMap(({ name }) => [`${name}: p75`, 'Share'])]}>
        {keys.map(key => (
          <tr key={key}>
            <th scope="row">
              <code dir="auto">{withCodes(key) || '(no element)'}</code>
            </th>
            {answer.data?.flatMap(({ data }, i) => {
              const cause = data.find(cause => keyOf(cause) === key)
              return [
                <td key={`p75 ${i}`}>
                  {cause ? (
                    <Figure metric={metric} figure={cause.p75} />
                  ) : data.length ? (
                    'not among the 10 worst'
                  ) : (
                    'no data'
                  )}
                </td>,
                <td key={`share ${i}`}>{cause ? percent(cause.share) : '–'}</td>,
              ]
            })}
          </tr>
        ))}
      </Table>
    </Section>
  )
}
