/** Two sides beside each other: two periods, or two releases, devices, countries, routes or values of a tag. The address says which. */

import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { withCodes } from '../../schema/domain/unseen.ts'
import { count } from './format.ts'
import { usePlace } from './link.tsx'
import { baseOf, between, pathOf, type Query, rangeOf, spanOf } from './query.ts'
import { daysBefore, type Side, Sides } from './sides.tsx'
import { Tabs } from './tabs.tsx'
import { COMPARED, filterOf, type Place, without } from './url-state.ts'
import { useAnswer } from './use-api.ts'
import { useTags } from './use-tags.ts'

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
  const [a, b] = chosenOf(place, names)
  const days = daysBefore(place)
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
      {on === 'period' && <Sides key={on} sides={periods(place, days)} />}
      {on !== 'period' && a && b && <Sides key={on} sides={values(place, on, a, b)} />}
    </>
  )
}

/** What the address says, else the two largest; of releases the older one first. */
function chosenOf(place: Place, names: readonly string[]): [a: string, b: string] {
  const two = names.slice(0, 2)
  if (place.on === 'release') two.sort((x, y) => y.localeCompare(x, 'en', { numeric: true }))
  const b = place.b || two.find(name => name !== place.a) || ''
  const a = place.a || two.find(name => name !== b) || names.find(name => name !== b) || ''
  return [a, b]
}

function periods(place: Place, days: number): [Side, Side] {
  const base = baseOf(place)
  const before = { ...base, ...rangeOf({ ...place, ...shifted(place, days) }) }
  return [
    { name: `${count(days, 'day')} before`, kind: 'a', query: before },
    { name: 'this range', kind: 'b', query: base },
  ]
}

/** Two values of a dimension or a tag. Of tags, what is filtered by the others stays. */
function values(place: Place, on: Exclude<Place['on'], 'period'>, a: string, b: string): [Side, Side] {
  const others = without(place, on)
  const queryOf = (value: string): Query => {
    const [state, wanted] = filterOf(on, value)
    return { ...baseOf(place), [state]: [others[state], wanted].filter(Boolean).join('\n') }
  }
  return [
    { name: a, kind: 'a', query: queryOf(a) },
    { name: b, kind: 'b', query: queryOf(b) },
  ]
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
            {withCodes(option)}
          </option>
        ))}
      </select>
    </label>
  )
}
