/**
 * `GET /v1/trends`: what may be asked, and what is answered. A period against the one before it or any other, or release
 * against release, device against device, country against country, route against route.
 */

import * as v from 'valibot'
import { VERDICTS } from '../domain/change.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { isTagKey, type TagKey, tagOf } from '../domain/tag.ts'
import { ANSWER, GROUP, LEFT_OUT, OTHERS, PARTIAL, PERCENTILE_ANSWER, SAMPLED, SHARE } from './answer.ts'
import { DEPLOY_ANSWER } from './deploys.ts'
import { percentileOf } from './fields.ts'
import { FILTER_TEXT, filterValue, TAG_VALUE, tagPair } from './filters.ts'
import { parseQuery, type Query, type QueryOf } from './query.ts'
import { parseRange } from './range.ts'
import { MEASURES, SUMMARY_QUERY, SUMMARY_ROW, type SummaryQuery, summaryOf } from './summary.ts'

const { percentiles: _, ...QUERY } = SUMMARY_QUERY

/** The percentile that two times, or releases, are compared by. */
export const COMPARED_PERCENTILE = v.optional(percentileOf('the percentile that is compared'), '75')

const baselineOf = (what: (typeof COMPARED)[number]) =>
  v.optional(
    v.pipe(
      filterValue(what, FILTER_TEXT),
      v.description(`the ${what} that \`${what}\` is compared with, in the same range`),
    ),
  )
const baselineTime = (what: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.description(
        `${what} of another range that this one is compared with; written as \`from\` and \`to\` are`,
      ),
    ),
  )

/** What may be compared with its like. */
const COMPARED = ['release', 'device', 'country', 'route'] as const

/** The parameters beside those of every question. */
export const TRENDS_QUERY = {
  ...QUERY,
  metrics: MEASURES,
  percentile: COMPARED_PERCENTILE,
  baseline_release: baselineOf('release'),
  baseline_device: baselineOf('device'),
  baseline_country: baselineOf('country'),
  baseline_route: baselineOf('route'),
  baseline_tag: v.optional(
    v.pipe(
      TAG_VALUE,
      v.description(
        'the value that `tag` is compared with, in the same range: plan:free against tag=plan:pro',
      ),
    ),
  ),
  baseline_from: baselineTime('begin'),
  baseline_to: baselineTime('end'),
}

/** What `before` is about; without `range` the time before, or where filters differ the same time. */
interface Baseline {
  filters: { [K in (typeof COMPARED)[number] | TagKey]?: string }
  range: Pick<Query, 'from' | 'to'> | null
}

/** A checked question. */
export interface TrendsQuery extends Omit<SummaryQuery, 'percentiles'> {
  percentiles: [number]
  baseline: Baseline
}

/** Checks the parameters of `/v1/trends` against the clock `now` (Unix ms). */
export function parseTrendsQuery(params: URLSearchParams, now: number): Parsed<TrendsQuery> {
  const parsed = parseQuery(TRENDS_QUERY, params, now)
  if ('error' in parsed) return parsed
  const { percentile, baseline_from: from, baseline_to: to, ...question } = parsed.ok
  const summary = summaryOf({ ...question, percentiles: [percentile] })
  if ('error' in summary) return summary
  const filters = comparedWith(question, summary.ok)
  if ('error' in filters) return filters
  const range = baselineRange(from, to, now)
  if ('error' in range) return range
  return {
    ok: { ...summary.ok, percentiles: [percentile], baseline: { filters: filters.ok, range: range.ok } },
  }
}

/** The other values, by what they are values of; each needs one value of the question's own, which is no group. */
function comparedWith(
  asked: Pick<QueryOf<typeof TRENDS_QUERY>, `baseline_${(typeof COMPARED)[number] | 'tag'}`>,
  own: Pick<SummaryQuery, 'filters' | 'groupBy'>,
): Parsed<Baseline['filters']> {
  const tag = asked.baseline_tag === undefined ? null : tagPair(asked.baseline_tag)
  const named = COMPARED.map(key => [key, asked[`baseline_${key}`]] as const)
  const others: Baseline['filters'] = {}
  for (const [key, value] of tag ? [...named, tag] : named) {
    if (value === undefined) continue
    const fault = comparedFault(key, own)
    if (fault) return fault
    others[key] = value
  }
  return { ok: others }
}

/** Why a question has no one value to compare another with; null where it has. */
function comparedFault(
  key: keyof Baseline['filters'],
  { filters, groupBy }: Pick<SummaryQuery, 'filters' | 'groupBy'>,
): ReturnType<typeof fail> | null {
  const [parameter, meaning] = isTagKey(key) ? ['tag', `value of ${tagOf(key)}`] : [key, key]
  const own = filters[key]
  if (own === undefined) return fail(parameter, `is missing: baseline_${parameter} is compared with it`)
  if (typeof own !== 'string')
    return fail(parameter, `must be one ${meaning}: baseline_${parameter} is compared with it`)
  return groupBy.includes(key)
    ? fail('group_by', `cannot be ${key} where one ${meaning} is compared with another`)
    : null
}

function baselineRange(
  from: string | undefined,
  to: string | undefined,
  now: number,
): Parsed<Baseline['range']> {
  if (from !== undefined) return parseRange(from, to ?? 'now', now, { prefix: 'baseline_' })
  return to === undefined
    ? { ok: null }
    : fail('baseline_from', 'is missing: baseline_to is the end of that range')
}

const { metric, unit, count, count_interval, samples, effective_samples } = SUMMARY_ROW.entries

const SIDE = v.nullable(
  v.object({
    ...PERCENTILE_ANSWER.entries,
    count,
    count_interval,
    samples,
    effective_samples,
    ...PARTIAL,
    ...LEFT_OUT,
  }),
)
const INTERVAL = v.object({ value: v.number(), low: v.number(), high: v.number() })

const MIX = v.object({
  key: v.picklist(['device']),
  shares: v.array(
    v.object({
      value: v.pipe(v.nullable(v.string()), v.description('phone, tablet, desktop')),
      before: v.pipe(SHARE, v.description('of the page views or calls before')),
      after: SHARE,
    }),
  ),
})
export type Mix = v.InferOutput<typeof MIX>

export const TRENDS_ROW = v.object({
  group: GROUP,
  ...OTHERS,
  metric,
  unit,
  before: v.pipe(SIDE, v.description('null where there is no data')),
  after: SIDE,
  change: v.pipe(
    v.nullable(
      v.object({
        difference: v.pipe(INTERVAL, v.description('after minus before, in the unit, with its 95% interval')),
        ratio: v.pipe(
          v.nullable(INTERVAL),
          v.description('the difference as a share of the value before; null where that is 0'),
        ),
      }),
    ),
    v.description('null where there is too little data'),
  ),
  verdict: v.pipe(
    v.nullable(v.picklist(VERDICTS)),
    v.description(
      'improving or degrading where the interval leaves out 0; stable where it is likely, by .8 or more, that it moved by ' +
        'less than 10%; else unclear; null where there is too little data. On page views that are independent, fewer ' +
        'than 5 in 100 are improving or degrading where nothing changed; where whole hours are slow together, more are',
    ),
  ),
  confidence: v.pipe(
    v.nullable(v.number()),
    v.description('how sure the verdict is, 0 to 1; for stable and unclear, that it moved by less than 10%'),
  ),
  mix: v.optional(
    v.pipe(
      MIX,
      v.description(
        'without group_by: where the whole is improving or degrading, but no device is, and the shares of devices alone ' +
          'explain it',
      ),
    ),
  ),
})
export type TrendsRow = v.InferOutput<typeof TRENDS_ROW>

const { site, from, to, source, relative_error } = ANSWER
export const BASELINE = v.object({ from, to, release: v.nullable(v.string()) })
const other = v.pipe(v.optional(v.string()), v.description('where it was asked for by name'))

export const TRENDS_ANSWER = v.object({
  site,
  from,
  to,
  baseline: v.pipe(
    v.object({
      ...BASELINE.entries,
      kept_from: v.pipe(
        v.optional(v.string()),
        v.description(
          'where it reaches back beyond what is kept: from when on it is, since a tag was declared then, or single page ' +
            'views are kept no longer; `from` is no earlier',
        ),
      ),
      device: other,
      country: other,
      route: other,
      tag: other,
    }),
    v.description('what `before` is about'),
  ),
  percentile: v.number(),
  deploys: v.optional(
    v.pipe(
      v.array(DEPLOY_ANSWER),
      v.description('those marked in the range, the newest first; absent: none'),
    ),
  ),
  source,
  sampled: v.optional(SAMPLED),
  relative_error,
  data: v.array(TRENDS_ROW),
})
export type TrendsAnswer = v.InferOutput<typeof TRENDS_ANSWER>
