/**
 * The plan of a query, made before a row is read for it: where each metric's distributions come from, and of which periods.
 * `npm run explain` prints it, and docs/queries.md has it for ten queries.
 *
 * Days for whole days, hours for the edges, raw rows for open hours; raw rows for the whole range where no roll-up holds the
 * combination of keys. The plan is data. What reads by it is in distributions.ts.
 */

import type { Ms } from '../../schema/domain/units.ts'
import type { Preparer } from '../store/statement.ts'
import { coveredBy, type Periods } from './covered.ts'
import { completed, type GivenQuery, type GroupsQuery, poolOf } from './groups-query.ts'
import { type Reading, readingOf } from './reading.ts'
import { type Source, sourcesOf } from './source.ts'
import { MAX_READ } from './subsample.ts'
import { needsHours } from './time-buckets.ts'

/** Where the metrics of one source come from. */
export interface Part {
  source: Source
  from: 'roll-ups' | 'raw rows' | 'nothing'
  /** How roll-ups are read, and open hours in their form; null where raw rows answer. */
  reading: Reading | null
}

export interface Plan {
  query: GroupsQuery
  /** One for each source, in the order of the metrics. */
  parts: Part[]
  /** What roll-ups cover, and what is open; empty where nothing is read of them. */
  periods: Periods
  /** The periods that tell the largest groups: whole days, even where hours are answered. */
  ranking: Periods
  /** Groups that are read, the busiest, for the answer to be chosen among. */
  pool: number
  /** Rows that may be read, planning included. */
  reads: number
  /** From when on (Unix ms) raw rows are kept, which can tell what lies in `(other)`. */
  oldest: number
}

/** What a caller knows better than the plan. */
export interface Known {
  reads?: number
  oldest?: number
  /** Periods other than those that cover the range. */
  periods?: Periods
}

const NO_PERIODS: Periods = { days: [], hours: [], open: [] }

/** At most four statements, two after another, which read the marks of periods. `now` (Unix ms) tells open hours. */
export async function planOf(
  d1: Preparer,
  given: GivenQuery,
  now: Ms,
  { reads = MAX_READ, oldest = 0, periods }: Known = {},
): Promise<Plan> {
  const query = completed(given)
  const readings = sourcesOf(query.metrics).map(source => ({ source, reading: readingOf(query, source) }))
  const covered = readings.some(({ reading }) => reading)
    ? await periodsOf(d1, query, now, periods)
    : { periods: NO_PERIODS, ranking: NO_PERIODS }
  const { days, hours, open } = covered.periods
  const rolled = days.length + hours.length + open.length ? 'roll-ups' : 'nothing'
  const parts = readings.map(part => ({ ...part, from: part.reading ? rolled : 'raw rows' }) satisfies Part)
  return { query, parts, ...covered, pool: poolOf(query), reads, oldest }
}

/** Buckets of hours, or of days in another time zone, are answered by hours; which groups are answered, days tell. */
async function periodsOf(
  d1: Preparer,
  query: GroupsQuery,
  now: Ms,
  given: Periods | undefined,
): Promise<Pick<Plan, 'periods' | 'ranking'>> {
  if (given) return { periods: given, ranking: given }
  const [ranking, hours] = await Promise.all([
    coveredBy(d1, query, now),
    query.buckets && needsHours(query.buckets) ? coveredBy(d1, query, now, false) : null,
  ])
  return { periods: hours ?? ranking, ranking }
}
