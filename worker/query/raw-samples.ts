/**
 * The samples of a single page view, counted in the worker as worker/histogram counts them in SQL for roll-ups: its vitals, its
 * load phases, its API calls, its marks.
 */

import type { Filter } from '../../schema/api/filters.ts'
import { addSample, addTogether, type Limits, type Sample } from '../../schema/domain/histogram.ts'
import { thresholds } from '../../schema/domain/metrics.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { FAILURES, OUTCOMES } from '../../schema/wire/pageview.ts'
import { goodAndPoor } from '../histogram/samples-sql.ts'
import { itemsOf } from '../store/row-codec.ts'
import { type Counted, none } from './distribution.ts'
import type { SampleFilters } from './filters.ts'
import type { Source } from './source.ts'

/** A page view as it is read: how many it stands for, its group keys `k0`, ..., and what its source tells, `v0`, ... */
export interface Read {
  w: number
  /** Where the answer has buckets of time. */
  hour?: Hour
  [column: string]: string | number | null
}

/** The sums of the group that a sample belongs to, by column; `name` is that of its call or mark. */
type SumsOf = (name: string | null) => Map<string, Counted>

/** Adds the samples of a page view to its groups; answers what its calls say of how many it left out. */
type Add = (row: Read, sumsOf: SumsOf) => number

const UNLIMITED: Limits = { good: Number.NEGATIVE_INFINITY, poor: Number.POSITIVE_INFINITY }
/** A call that the page itself called off says nothing of the endpoint. */
const ABORTED = OUTCOMES.indexOf('aborted')
/** The failure that each outcome is, if it is one. */
const FAILURE = OUTCOMES.map(outcome => FAILURES.find(failure => failure === outcome))

export function samplesOf({ kind, columns }: Source, filters: SampleFilters): Add {
  switch (kind) {
    case 'views':
      return valuesOf(columns)
    case 'calls':
      return callsOf(filters.endpoint)
    case 'marks':
      return marksOf(filters.mark)
  }
}

/** One sample of each column that has a number. */
function valuesOf(columns: Source['columns']): Add {
  const measured = columns.map((column, i) => ({ column, told: `v${i}`, limits: limitsOf(column) }))
  return (row, sumsOf) => {
    let sums: Map<string, Counted> | undefined
    for (const { column, told, limits } of measured) {
      const x = row[told]
      if (typeof x !== 'number') continue
      sums ??= sumsOf(null)
      addSample(sumIn(sums, column), { x, w: row.w }, limits)
    }
    return 0
  }
}

function limitsOf(column: Source['columns'][number]): Limits {
  if (column === 'api' || column === 'measure') return UNLIMITED
  const [good, poor] = goodAndPoor(column)
  return { good: good ?? UNLIMITED.good, poor: poor ?? UNLIMITED.poor }
}

/** Calls, which are alike within a page view. What a page view left out counts once in each group of its calls. */
function callsOf(filter: Filter | undefined): Add {
  const limits = thresholds('api')
  return ({ w, v0: calls, v1: leftOut }, sumsOf) => {
    const answered = new Map<Counted, (Sample & { failed: boolean })[]>()
    for (const call of itemsIn(calls, filter).filter(isCall)) {
      const sum = sumIn(sumsOf(call[0]), 'api')
      const outcome = call[3]
      if (outcome === ABORTED) continue
      const failure = FAILURE[outcome]
      if (failure) sum[failure] += w
      put(answered, sum, { x: call[2], w, failed: !!failure })
    }
    const omitted = answered.size ? w * Number(leftOut) : 0
    for (const [sum, samples] of answered) {
      addTogether(sum, samples, limits)
      sum.omitted += omitted
      const failed = samples.filter(({ failed }) => failed).length
      sum.ff += w * w * failed * failed
      sum.mf += w * w * failed * samples.length
    }
    return omitted
  }
}

/** Marks, which are alike, too. */
function marksOf(filter: Filter | undefined): Add {
  return ({ w, v0: marks }, sumsOf) => {
    const found = new Map<Counted, Sample[]>()
    for (const mark of itemsIn(marks, filter)) {
      const x = mark[1]
      if (typeof x === 'number') put(found, sumIn(sumsOf(mark[0]), 'measure'), { x, w })
    }
    for (const [sum, samples] of found) addTogether(sum, samples, UNLIMITED)
    return 0
  }
}

/** The calls or marks of a page view whose names a filter lets through. */
function itemsIn(text: Read[string] | undefined, filter: Filter | undefined): Item[] {
  const isItem = (item: unknown[]): item is Item => typeof item[0] === 'string' && fits(item[0], filter)
  return itemsOf(String(text))?.filter(isItem) ?? []
}

type Item = [name: string, ...unknown[]]
type Call = [name: string, start: unknown, duration: number, outcome: number, ...unknown[]]

function isCall(item: Item): item is Call {
  return typeof item[2] === 'number' && typeof item[3] === 'number'
}

/** True for a name that a filter lets through. */
function fits(name: string, filter: Filter | undefined): boolean {
  if (filter === undefined) return true
  if (typeof filter === 'string') return name === filter
  return (!filter.any || filter.any.includes(name)) && !filter.not?.includes(name)
}

function sumIn(sums: Map<string, Counted>, column: string): Counted {
  const known = sums.get(column)
  if (known) return known
  const sum = none()
  sums.set(column, sum)
  return sum
}

function put<S extends Sample>(found: Map<Counted, S[]>, sum: Counted, sample: S): void {
  const samples = found.get(sum)
  if (samples) samples.push(sample)
  else found.set(sum, [sample])
}
