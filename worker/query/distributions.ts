/**
 * The distributions that answer a query, one for each group and metric (and bucket of time): planned, surveyed, read, chosen.
 *
 * Everything is read within one budget of rows. What is stored is read whole, since it cannot be subsampled; open hours and
 * raw rows get what is left, and are subsampled to it.
 */

import { sql } from 'drizzle-orm'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { unveiled } from './capped.ts'
import { matchesPageView } from './filters.ts'
import { chosenOf, type Group, groupsFrom } from './groups.ts'
import type { GivenQuery } from './groups-query.ts'
import { type Found, foundOf, inOrder, rankingOf, type Stored, storedOf, yetToRead } from './largest.ts'
import { leftOutOfPeriods } from './left-out.ts'
import { estimateOpen, selectOpen } from './open-hours.ts'
import { type Known, type Part, type Plan, planOf } from './plan.ts'
import { rawGroups } from './raw-groups.ts'
import { type Reading, readingOf } from './reading.ts'
import { atMost, restGroups, wholeCost, wholeRows } from './rest.ts'
import { openRows } from './rollup-rows.ts'
import { type Source, workOf } from './source.ts'
import { type Estimate, estimateOf, LEAST, oneInOf, selectionOf } from './subsample.ts'

export interface Distributions {
  source: 'samples' | 'rollup'
  /** One in so many of the raw rows was read. */
  oneIn: OneIn
  groups: Group[]
  /** API calls beyond those that page views send; null where there is no question of calls or of a rest, or nobody knows. */
  leftOut: number | null
}

/** Page views and samples that the worker counts at most: 4 to 15 ms of CPU (`npm run bench -- samples`), and three times that at first. */
export const MOST_WORK = 20_000

/** The distributions of all metrics, from all their sources. `now` (Unix ms) tells open hours. */
export async function groupsOf(
  d1: Preparer,
  given: GivenQuery,
  now: Ms,
  known: Known = {},
): Promise<Distributions> {
  const receipt: Receipt = { statements: 0, read: 0 }
  const counting = counted(d1, receipt)
  const plan = await planOf(counting, given, now, known)
  const survey = await surveyOf(counting, plan, now)
  // Raw rows pay for their own probe.
  const left = () => plan.reads - receipt.read + (survey.raw?.read ?? 0)

  const open = selectOpen(survey.open, openReads(plan, survey, left()))
  const rolled = await readRollups(counting, plan, survey, open, left, now)
  const raw = survey.raw && selectRaw(survey.raw, left())
  const answers = await Promise.all(
    plan.parts.map(({ source }) => {
      const found = rolled.get(source)
      if (found) return answerRolled(counting, plan, source, found)
      return raw ? answerRaw(counting, plan, source, raw) : { groups: [], rest: [], leftOut: 0 }
    }),
  )
  const groups = [...answers.flatMap(({ groups }) => groups), ...answers.flatMap(({ rest }) => rest)]
  // Without a rest nobody asks for what was left out, and it reads the open hours once more.
  const leftOut = given.rest ? await leftOutOf(counting, plan, answers, groups, open) : null
  const isOpen = plan.periods.open.length > 0 && rolled.size > 0
  const oneIn = { open: isOpen ? open.oneIn : 1, raw: raw?.oneIn ?? 1 }
  d1.explain?.({ ...plan, oneIn })
  return {
    source: raw ? 'samples' : 'rollup',
    oneIn: Math.max(oneIn.raw, oneIn.open, ...[...rolled.values()].map(({ oneIn }) => oneIn)),
    groups: groups.map(group => atMost(group, leftOut)),
    leftOut,
  }
}

/** What the plan's periods and raw rows hold. */
interface Survey {
  open: Estimate | null
  /** Null where no part is answered by raw rows. */
  raw: Estimate | null
  /** What tells the largest groups, for each reading. */
  stored: { reading: Reading; stored: Stored }[]
}

/** All at once, since each statement is a round trip: the probes of raw rows, and of roll-ups what tells the largest groups. */
async function surveyOf(d1: Preparer, plan: Plan, now: Ms): Promise<Survey> {
  const { query, parts, periods } = plan
  const readings = parts.flatMap(({ reading }) => reading ?? [])
  const unrolled = parts.filter(({ reading }) => !reading).map(({ source }) => source)
  const need = {
    cost: sql.raw(String(unrolled.length)),
    matches: workOf(unrolled, matchesPageView(query.filters)),
    lists: unrolled.length,
  }
  const [open, raw, ...stored] = await Promise.all([
    estimateOpen(d1, periods.open, readings, now),
    unrolled.length ? estimateOf(d1, query, need, now) : null,
    ...readings.map(async reading => ({ reading, stored: await storedOf(d1, reading, plan) })),
  ])
  return { open, raw, stored }
}

/**
 * The rows for open hours: what is left when all that is stored will have been read, but half of it where raw rows may have
 * to answer, too. Example: of 20,000 rows, marks, probe and weights took 1,500. Five routes are yet to be sought in 30 days,
 * 370 rows, and the rest, 100: 18,030 are left for open hours.
 */
function openReads({ query, parts, periods }: Plan, { stored }: Survey, left: number): number {
  const sought = stored.reduce(
    (sum, { stored, reading }) => sum + yetToRead(stored, query.limit, periods, reading),
    0,
  )
  const wholes = query.rest ? stored.filter(({ reading }) => reading.slice.dimension.keys.length).length : 0
  const mayBeRaw =
    stored.length < parts.length ||
    stored.some(
      ({ stored, reading: { slice } }) =>
        slice.values &&
        stored.kind === 'rows' &&
        stored.rows.some(({ value }) => slice.others.includes(value)),
    )
  return (left - sought - wholes * wholeCost(periods)) / (mayBeRaw ? 2 : 1)
}

/** What roll-ups and open hours hold of each source. */
async function readRollups(
  d1: Preparer,
  { query, periods, pool, oldest }: Plan,
  { stored: surveyed }: Survey,
  open: Selection,
  left: () => number,
  now: Ms,
): Promise<Map<Source, Found & { oneIn: OneIn }>> {
  const found = surveyed.map(async ({ reading, stored }) => {
    const fresh = await openRows(d1, reading, periods.open, open)
    const ranking = rankingOf(reading, stored, fresh, pool)
    // Days tell which groups are answered, so that only their hours are read.
    const wanted =
      stored.kind === 'coarse'
        ? chosenOf(inOrder([...stored.rows, ...fresh], ranking.values), query, reading.source).map(
            ({ value }) => value,
          )
        : ranking.values
    const found = await foundOf(d1, reading, periods, stored, fresh, ranking, wanted)
    const means = { oldest, reads: left() / surveyed.length, now }
    // Groups that another question has found are read as it read them: only what filters name is looked for in `(other)`.
    const isNamed = readingOf({ ...query, among: null }, reading.source)?.slice.values
    return [reading.source, isNamed ? await unveiled(d1, found, means) : { ...found, oneIn: 1 }] as const
  })
  return new Map(await Promise.all(found))
}

interface Answer {
  groups: Group[]
  rest: Group[]
  /** What single page views tell of calls that were left out. */
  leftOut: number
}

async function answerRolled(
  d1: Preparer,
  { query, periods }: Plan,
  source: Source,
  found: Found,
): Promise<Answer> {
  const { keys } = found.reading.slice.dimension
  const chosen = chosenOf(found.rows, query, source)
  const groups = groupsFrom(chosen, query, source, keys, found)
  const isCut = query.rest && chosen.length < found.groups
  const whole = isCut && !found.isAll ? await wholeRows(d1, query, source, periods) : []
  if (!isCut || !whole) return { groups, rest: [], leftOut: 0 }
  // Of what is asked for by name all rows are there, and those of `(other)` are no group of their own.
  const every = found.reading.slice.values ? found.rows : found.every
  const rest = restGroups({ rows: found.rows, every, whole }, chosen, query, source, found)
  return { groups, rest, leftOut: 0 }
}

async function answerRaw(
  d1: Preparer,
  { query, pool }: Plan,
  source: Source,
  selection: Selection,
): Promise<Answer> {
  const { rows, beyond, leftOut } = await rawGroups(d1, query, source, pool, selection)
  const chosen = chosenOf(rows, query, source)
  const groups = groupsFrom(chosen, query, source, query.groupBy, null)
  if (!query.rest) return { groups, rest: [], leftOut }
  const known = { rows, every: [...rows, ...beyond], whole: [] }
  return { groups, rest: restGroups(known, chosen, query, source, null), leftOut }
}

function selectRaw(estimate: Estimate, left: number): Selection {
  const reads = Math.max(LEAST, left) - estimate.read
  return selectionOf(estimate, oneInOf(estimate, { reads, most: MOST_WORK }))
}

/** What all page views of a query about calls left out. Of a device's endpoints roll-ups do not tell it. */
async function leftOutOf(
  d1: Preparer,
  { query: { site, groupBy, filters, metrics }, parts, periods }: Plan,
  answers: readonly Answer[],
  groups: readonly Group[],
  open: Selection,
): Promise<number | null> {
  if (!metrics.includes('api')) return null
  const isCalls = ({ source, reading }: Part) => reading !== null && source.kind === 'calls'
  if (!parts.some(isCalls)) return answers.reduce((sum, { leftOut }) => sum + leftOut, 0)
  const isFiltered = Object.values(filters).some(value => value !== undefined)
  if (!isFiltered && groupBy.length) return leftOutOfPeriods(d1, site, periods, open)
  if (groupBy.includes('endpoint')) return null
  return groups.reduce(
    (sum, { metric, distribution }) => sum + (metric === 'api' ? distribution.omitted : 0),
    0,
  )
}
