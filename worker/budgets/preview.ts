/**
 * How a budget would have stood in the last 28 days: how many of its windows would have been breached. Hours are read once, within
 * the rows of any question, and added up to windows that overlap.
 *
 * Example: a window of 24 hours is judged at the end of each hour, 649 times in 28 days. A window of a week is made of parts of
 * 7 hours and judged 73 times.
 */

import type { BudgetPreview } from '../../schema/api/budgets.ts'
import type { Filters } from '../../schema/api/filters.ts'
import { isDeliveryMetric } from '../../schema/domain/delivery-metrics.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { readFrom } from '../../schema/domain/metrics.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import { added, NONE } from '../query/distribution.ts'
import { groupsOf } from '../query/distributions.ts'
import { keptGroups, oldestRaw } from '../query/kept.ts'
import { countsOf, sum } from '../read/delivery-counts.ts'
import type { Site } from '../site/sites.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { foundInSums, shareOf } from './delivery.ts'
import { type Finding, foundIn } from './judge.ts'
import { endOf } from './volume.ts'

/** Days that are looked back. */
const DAYS = 28
/** The most parts that a window is added up from, so that the worker's CPU does. */
const MAX_PARTS = 24

type Terms = Pick<BudgetRow, 'metric' | 'percentile' | 'max' | 'windowHours' | 'minimum'>
/** What a window was found to be; a budget goes on from the state before. */
type Judge = (
  from: number,
  to: number,
  before: Pick<BudgetRow, 'state' | 'told'>,
) => Omit<Finding, 'release' | 'baseline'>

export async function preview(
  d1: Preparer,
  site: Site,
  terms: Terms,
  filters: Filters,
  now: number,
): Promise<BudgetPreview> {
  const receipt: Receipt = { statements: 0, read: 0 }
  const end = endOf(terms.metric, now) / HOUR
  const asked = {
    site: site.id,
    from: Math.max(end - DAYS * 24, end - site.hourDays * 24) * HOUR,
    to: end * HOUR,
  }
  const counting = counted(d1, receipt)
  const read = isDeliveryMetric(terms.metric) ? shares : distributions
  const { from, samples, oneIn, judge } = await read(counting, site, terms, { ...asked, filters }, now)

  const found = judged(judge, from / HOUR, end, terms.windowHours)
  const states = found.map(({ state }) => state)
  const told = states.filter(state => state !== 'no-data')
  const values = found.flatMap(({ state, value }) => (state === 'no-data' || value === null ? [] : [value]))
  return {
    site: site.id,
    from: new Date(from).toISOString(),
    to: new Date(asked.to).toISOString(),
    samples,
    windows: states.length,
    breached: states.filter(state => state === 'breached').length,
    no_data: states.length - told.length,
    breaches: told.filter((state, i) => state === 'breached' && told[i - 1] !== 'breached').length,
    step_hours: stepOf(terms.windowHours),
    lowest: values.length ? Math.min(...values) : null,
    highest: values.length ? Math.max(...values) : null,
    sampled: oneIn,
    rows_read: receipt.read,
  }
}

/** What each window was found to be: the first begins at `from` at the earliest, the last ends at `end`. */
function judged(judge: Judge, from: number, end: number, windowHours: number): ReturnType<Judge>[] {
  const step = stepOf(windowHours)
  const windows = Math.floor((end - from - windowHours) / step) + 1
  const found: ReturnType<Judge>[] = []
  let before: Pick<BudgetRow, 'state' | 'told'> = { state: 'no-data', told: 'ok' }
  for (let left = windows - 1; left >= 0; left--) {
    const at = end - left * step
    const finding = judge(at - windowHours, at, before)
    found.push(finding)
    before = { state: finding.state, told: finding.state === 'no-data' ? before.told : finding.state }
  }
  return found
}

/** The smallest part that a window is a few whole ones of: 1 of 24 hours, 7 of a week. */
function stepOf(windowHours: number): number {
  let step = Math.ceil(windowHours / MAX_PARTS)
  while (windowHours % step) step++
  return step
}

interface Hours {
  /** Unix ms from which on hours are there. */
  from: number
  samples: number
  oneIn: number
  judge: Judge
}

async function distributions(
  d1: Preparer,
  site: Site,
  terms: Terms,
  range: { site: string; from: number; to: number; filters: Filters },
  now: number,
): Promise<Hours> {
  const { metric } = terms
  if (isDeliveryMetric(metric)) throw new Error('a share of beacons has no distribution')
  const query = keptGroups({ ...range, groupBy: [], limit: 1, metrics: [readFrom(metric)] }, site, now)
  const buckets = { step: 1, offset: 0 } as const
  const { groups, oneIn } = await groupsOf(d1, { ...query, buckets }, now, { oldest: oldestRaw(site, now) })
  const parts = partsOf(groups, ({ start }) => start, stepOf(terms.windowHours), range.to / HOUR)
  const sums = new Map(
    [...parts].map(([start, groups]) => [
      start,
      {
        distribution: added(groups.map(({ distribution }) => distribution)),
        missing: groups.reduce((sum, { missing }) => sum + missing, 0),
      },
    ]),
  )
  // Before there was a site, or what was brought to it, there was no silence.
  const began = Math.min(Math.ceil(site.created / HOUR), ...groups.map(({ start }) => start)) * HOUR
  return {
    from: metric === 'pageviews' ? Math.min(Math.max(query.from, began), range.to) : query.from,
    samples: groups.reduce((sum, { distribution }) => sum + distribution.s, 0),
    oneIn,
    judge(from, to, before) {
      const found = within(sums, from, to, stepOf(terms.windowHours))
      const missing = found.reduce((sum, { missing }) => sum + missing, 0)
      const distribution = found.length ? added(found.map(({ distribution }) => distribution)) : NONE
      return foundIn({ ...terms, ...before }, distribution, missing, oneIn)
    },
  }
}

async function shares(
  d1: Preparer,
  _: Site,
  terms: Terms,
  range: { site: string; from: number; to: number },
  now: number,
): Promise<Hours> {
  const { metric } = terms
  if (!isDeliveryMetric(metric)) throw new Error('only a share of beacons is counted')
  const { hours } = await countsOf(d1, range, now, DAYS * 24)
  const parts = partsOf(hours, ({ start }) => start, stepOf(terms.windowHours), range.to / HOUR)
  const sums = new Map([...parts].map(([start, hours]) => [start, sum(hours.map(({ sums }) => sums))]))
  return {
    from: range.from,
    samples: shareOf(metric, sum([...sums.values()])).samples,
    oneIn: 1,
    judge(from, to, before) {
      return foundInSums(
        { ...terms, ...before },
        metric,
        sum(within(sums, from, to, stepOf(terms.windowHours))),
      )
    },
  }
}

/** Hours by the part that they lie in: parts of `step` hours, of which the last ends at `end`. */
function partsOf<T>(hours: readonly T[], hourOf: (hour: T) => number, step: number, end: number) {
  return Map.groupBy(hours, hour => end - Math.ceil((end - hourOf(hour)) / step) * step)
}

function within<T>(parts: ReadonlyMap<number, T>, from: number, to: number, step: number): T[] {
  const found: T[] = []
  for (let start = from; start < to; start += step) {
    const part = parts.get(start)
    if (part) found.push(part)
  }
  return found
}
