/** `GET /v1/overview`: all sites that the token may read, each with its vitals and the state of its budgets. */

import * as v from 'valibot'
import { BUDGET_STATES } from '../domain/budget-state.ts'
import { PERCENTILE_ANSWER } from './answer.ts'
import { SITE_NAME, shortText } from './fields.ts'

/** The figures of each site. */
export const OVERVIEW_VITALS = ['lcp', 'inp', 'cls'] as const

/** Sites of one answer: a row an hour for each, and their budgets, are at most 7,500 rows. */
export const MAX_SITES = 100

export const OVERVIEW_QUERY = {
  after: v.optional(
    v.pipe(
      SITE_NAME,
      v.description(`goes on after this site, where there are more than ${MAX_SITES}; see next`),
    ),
  ),
  search: v.optional(v.pipe(shortText(63), v.description('only sites whose name has this in it'))),
}
/** A checked question. */
export interface OverviewQuery {
  after?: string | undefined
  search?: string | undefined
}

export const OVERVIEW_ANSWER = v.object({
  from: v.string(),
  to: v.pipe(
    v.string(),
    v.description('the begin of the current hour; hours that are not rolled up yet are missing'),
  ),
  data: v.array(
    v.object({
      site: SITE_NAME,
      pageviews: v.pipe(v.number(), v.description('page views of the last 24 hours that are rolled up')),
      vitals: v.pipe(
        v.record(v.picklist(OVERVIEW_VITALS), v.nullable(PERCENTILE_ANSWER)),
        v.description('the p75 of each; null where there is no data'),
      ),
      budgets: v.pipe(
        v.record(v.picklist(BUDGET_STATES), v.number()),
        v.description('how many budgets are in which state'),
      ),
    }),
  ),
  next: v.pipe(v.nullable(v.string()), v.description('the parameter `after` for more; null at the end')),
})
export type OverviewAnswer = v.InferOutput<typeof OVERVIEW_ANSWER>

export const OVERVIEW_EXAMPLE: OverviewAnswer = {
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T09:00:00.000Z',
  data: [
    {
      site: 'shop',
      pageviews: 12840,
      vitals: {
        lcp: { value: 2357.5, low: 2233.36, high: 2488.83 },
        inp: { value: 168.4, low: 160.2, high: 175.1 },
        cls: null,
      },
      budgets: { ok: 3, breached: 1, 'no-data': 0 },
    },
  ],
  next: null,
}
