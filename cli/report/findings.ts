/**
 * What a report is made of: the API's own answers about a site and a range.
 */

import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { CausesAnswer } from '../../schema/api/causes.ts'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { ErrorsAnswer } from '../../schema/api/errors.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { VITALS } from '../../schema/domain/metrics.ts'
import type { Ask } from '../api.ts'
import { statusOf } from '../failure.ts'
import { CORE } from './names.ts'

const MOST_ERRORS = 5

/** What could not be answered for this range or by this version of the worker, and why. */
export interface Missing {
  missing: string
}

/** Answers of the API, as they came. */
export interface Findings {
  vitals: SummaryAnswer
  /** Against the period of the same length before. */
  trends: TrendsAnswer | Missing
  routes: SummaryAnswer
  slowest: SummaryAnswer
  failing: SummaryAnswer
  /** Of each Core Web Vital. */
  causes: (CausesAnswer | Missing)[]
  budgets: BudgetsAnswer | Missing
  /** The five that most page views had, and the share of page views without one. */
  errors: ErrorsAnswer | Missing
  /** The same share, of the period of the same length before. */
  errors_before: SummaryAnswer | Missing
  delivery: DeliveryAnswer | Missing
}

export interface Range {
  site: string
  from: string | undefined
  to: string | undefined
}

/** Asks for everything. */
export async function find(ask: Ask, range: Range): Promise<Findings> {
  const summary = (query: Record<string, string>) =>
    ask<SummaryAnswer>('GET', '/v1/summary', { query: { ...range, percentiles: '75', ...query } })
  const endpoints = (sort: string) =>
    summary({ metrics: 'api', group_by: 'endpoint', percentiles: '75,95', sort, limit: '10' })
  const causesOf = (metric: string) =>
    ask<CausesAnswer>('GET', '/v1/causes', { query: { ...range, metric, limit: '3' } })
  const errorsAndBefore = async () => {
    const query = { ...range, limit: String(MOST_ERRORS) }
    const errors = await orMissing(ask<ErrorsAnswer>('GET', '/v1/errors', { query }))
    if (isMissing(errors)) return { errors, errors_before: errors }
    const before = summary({ metrics: 'errors', ...periodBefore(errors) })
    return { errors, errors_before: await orMissing(before) }
  }
  const [vitals, trends, routes, slowest, failing, causes, budgets, errors, delivery] = await Promise.all([
    summary({ metrics: `pageviews,${VITALS.join(',')}` }),
    orMissing(ask<TrendsAnswer>('GET', '/v1/trends', { query: { ...range } })),
    summary({ metrics: `pageviews,${CORE.join(',')}`, group_by: 'route', sort: 'impact', limit: '10' }),
    endpoints('slowest'),
    endpoints('failing'),
    Promise.all(CORE.map(metric => orMissing(causesOf(metric)))),
    orMissing(ask<BudgetsAnswer>('GET', '/v1/budgets', { query: { site: range.site } })),
    errorsAndBefore(),
    orMissing(ask<DeliveryAnswer>('GET', '/v1/delivery', { query: { ...range } })),
  ])
  return { vitals, trends, routes, slowest, failing, causes, budgets, ...errors, delivery }
}

function periodBefore({ from, to }: Pick<ErrorsAnswer, 'from' | 'to'>): { from: string; to: string } {
  const length = Date.parse(to) - Date.parse(from)
  return { from: new Date(Date.parse(from) - length).toISOString(), to: from }
}

export function isMissing(answer: object): answer is Missing {
  return 'missing' in answer
}

/** A range of which only roll-ups are left, or an endpoint that an older worker lacks, leaves a gap, not an error. */
async function orMissing<T>(answer: Promise<T>): Promise<T | Missing> {
  try {
    return await answer
  } catch (error) {
    const status = statusOf(error)
    if (status !== 400 && status !== 404) throw error
    return { missing: error instanceof Error ? error.message : String(error) }
  }
}
