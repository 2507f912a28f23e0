/** Two sides beside each other: two periods, or two releases, devices, countries, routes or values of a tag. The address says which. */

import type { CausesAnswer } from '../../schema/api/causes.ts'
import type { OtlpAnswer } from '../../schema/api/otlp.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import type { TrendsAnswer, TrendsRow } from '../../schema/api/trends.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { format, METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { Tools } from './chart.tsx'
import { Figure } from './figure.tsx'
import { count, percent, short, verdict } from './format.ts'
import { Bars, pointOf } from './histogram.tsx'
import { Link, usePlace } from './link.tsx'
import { baseOf, between, intervalOf, pathOf, type Query, rangeOf, spanOf, zoneOfDays } from './query.ts'
import { Section, Table } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { slotsOf } from './timeline.ts'
import { Trend } from './trend.tsx'
import { COMPARED, filterOf, type Place, without } from './url-state.ts'
import { type Answer, useAnswer } from './use-api.ts'
import { useTags } from './use-tags.ts'

/** One side: what it is called, how it is drawn, and what is asked of it. */
interface Side {
  name: string
  kind: 'a' | 'b'
  query: Query
}

export function Compare() {
  const [place] = usePlace()
  const { on } = place
  const found = useAnswer<SummaryAnswer>(
    on === 'period'
      ? ''
      : pathOf('summary', { ...rangeOf(place), metrics: 'pageviews', group_by: on, limit: 200 }),
  )
  const names = (found.data?.data ?? []).flatMap(({ group, rest, other }) =>
    on !== 'period' && !rest && !other && group[on] ? [group[on]] : [],
  )
  // The two largest; of releases the older one first.
  const two = names.slice(0, 2)
  if (on === 'release') two.sort((x, y) => y.localeCompare(x, 'en', { numeric: true }))
  const b = place.b || two.find(name => name !== place.a) || ''
  const a = place.a || two.find(name => name !== b) || names.find(name => name !== b) || ''
  const days = daysBefore(place)
  const base = baseOf(place)
  // Of tags, what is filtered by the others stays.
  const others = on === 'period' ? {} : without(place, on)
  const sideOf = (value: string): Query => {
    if (on === 'period') return base
    const [state, wanted] = filterOf(on, value)
    return { ...base, [state]: [others[state], wanted].filter(Boolean).join('\n') }
  }
  const sides: [Side, Side] =
    on === 'period'
      ? [
          {
            name: `${count(days, 'day')} before`,
            kind: 'a',
            query: { ...base, ...rangeOf({ ...place, ...shifted(place, days) }) },
          },
          { name: 'this range', kind: 'b', query: base },
        ]
      : [
          { name: a, kind: 'a', query: sideOf(a) },
          { name: b, kind: 'b', query: sideOf(b) },
        ]
  return (
    <>
      <section class="panel whole" aria-label="Compare" aria-busy={found.busy}>
        <div class="head">
          <h2>Compare</h2>
          <Tabs
            label="Compare by"
            name="on"
            options={{ ...COMPARED, ...useTags() }}
            also={{ a: '', b: '' }}
          />
        </div>
        <form class="filters" aria-label="Sides" onSubmit={event => event.preventDefault()}>
          {on === 'period' ? (
            <Days days={days} />
          ) : (
            <>
              <Value name="a" value={a} names={names} />
              <Value name="b" value={b} names={names} />
            </>
          )}
        </form>
        {found.error && <p class="alert">{found.error}</p>}
        {on !== 'period' && found.data && names.length < 2 && !(a && b) && (
          <p class="soft">There is nothing to compare in this range.</p>
        )}
      </section>
      {(on === 'period' || (a && b)) && <Sides key={on} sides={sides} />}
    </>
  )
}

/** How many days the other period lies before this one: so that the same hours, and where it can be weekdays, are compared. */
function daysBefore(place: Place): number {
  const [from, to] = spanOf(place)
  const length = Math.ceil((to - from) / DAY - 0.05)
  return Math.min(700, Math.max(1, Math.floor(Number(place.a)) || length || 1))
}

/** The whole hours of the other period. */
function shifted(place: Place, days: number): Pick<Place, 'range' | 'from' | 'to'> {
  const [from, to] = spanOf(place)
  const begin = hourOf(from) * HOUR
  const end = Math.max(begin + HOUR, hourOf(Math.min(to, Date.now())) * HOUR)
  return between(begin - days * DAY, end - days * DAY)
}

function Days({ days }: { days: number }) {
  const [, move] = usePlace()
  return (
    <label>
      <span>Days before</span>
      <input
        type="number"
        min="1"
        max="700"
        value={days}
        onChange={event => move({ a: event.currentTarget.value })}
      />
    </label>
  )
}

function Value({ name, value, names }: { name: 'a' | 'b'; value: string; names: string[] }) {
  const [, move] = usePlace()
  return (
    <label>
      <span>{name === 'a' ? 'First' : 'Second'}</span>
      <select value={value} onChange={event => move({ [name]: event.currentTarget.value })}>
        {(names.includes(value) ? names : [value, ...names]).map(option => (
          <option key={option} value={option} selected={option === value}>
            {option}
          </option>
        ))}
      </select>
    </label>
  )
}

function Sides({ sides }: { sides: [Side, Side] }) {
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
  const rowOf = (metric: Metric) => trends.data?.data.find(row => row.metric === metric)
  return (
    <>
      <Section title={`Differences of p${p}`} answer={trends} path={path} className="whole">
        <ul class="cards">
          {metrics.map(metric => (
            <Difference key={metric} metric={metric} row={rowOf(metric)} sides={sides} />
          ))}
        </ul>
      </Section>
      {place.chart === 'lines' ? <Lines sides={sides} /> : <Histograms sides={sides} row={rowOf(metric)} />}
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
    const size = format(metric, Math.abs(value))
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
            <bdi class={kind}>{name}</bdi> <Figure metric={metric} figure={side ?? undefined} />
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
  const [before = [], slots = []] = answer.data?.map(one => slotsOf(one, one.data[0]?.points ?? [])) ?? []
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
      <Bars
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
              <code dir="auto">{key || '(no element)'}</code>
            </th>
            {answer.data?.flatMap(({ data }, i) => {
              const cause = data.find(cause => keyOf(cause) === key)
              return [
                <td key={`p75 ${i}`}>
                  {cause ? <Figure metric={metric} figure={cause.p75} /> : 'not among the 10 worst'}
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
