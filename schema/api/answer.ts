/**
 * What the answers of the read API have in common, as schemas: they make the types, the OpenAPI document and its tests.
 */

import * as v from 'valibot'
import { TIME } from './fields.ts'
import { GROUP_KEY_PATTERN, type GroupKey, groupKeyOf } from './filters.ts'

/** 0 to 1. */
export const SHARE = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
/** A share with its 95 % interval. */
export const SHARE_ESTIMATE = v.object({ value: SHARE, low: SHARE, high: SHARE })

const bound = v.pipe(v.nullable(v.number()), v.description('null where so few samples allow no such bound'))

/** A percentile in the metric's unit, with its 95 % confidence interval. */
export const PERCENTILE_ANSWER = v.object({ value: v.number(), low: bound, high: bound })
export type PercentileAnswer = v.InferOutput<typeof PERCENTILE_ANSWER>

/** How far chance may have moved a count that is an estimate. */
export const COUNT_INTERVAL = v.pipe(
  v.nullable(v.object({ low: v.number(), high: v.number() })),
  v.description(
    '95% interval of count; null where every sample counts once, and count is exact, and in a rest of several endpoints',
  ),
)

export const EFFECTIVE_SAMPLES = v.pipe(
  v.number(),
  v.description(
    'independent samples of equal weight that would tell as much of the percentile: fewer than samples where weights ' +
      'are unlike, or calls come several from one page view',
  ),
)

export const GROUP = v.pipe(
  v.record(
    v.pipe(
      v.custom<GroupKey>(key => typeof key === 'string' && groupKeyOf(key) !== undefined),
      v.metadata({ type: 'string', pattern: GROUP_KEY_PATTERN }),
    ),
    v.nullable(v.string()),
  ),
  v.description('what the row is about; empty without group_by'),
)

/** What says that a row is not of one group. */
export const OTHERS = {
  other: v.optional(
    v.pipe(
      v.literal(true),
      v.description(
        'what has no name of its own in roll-ups: beyond the largest of an hour. Its name is `(other)`',
      ),
    ),
  ),
}
export const NO_GROUP = {
  ...OTHERS,
  rest: v.optional(
    v.pipe(
      v.literal(true),
      v.description(
        'all groups that the answer has no row of, by limit or minimum, in one last row beyond the limit. Its name is ' +
          '`(rest)`. API calls of several endpoints have no interval there (effective_samples: 0), and endpoints of one device no such row',
      ),
    ),
  ),
}

/** What says that a figure is not of all that it names. */
export const PARTIAL = {
  partial: v.optional(
    v.pipe(
      v.literal(true),
      v.description(
        'some of it may be missing: of an hour only the largest routes, releases, endpoints and marks keep their name, the ' +
          'rest is `(other)`, and the single page views that could tell are gone or were not asked (group_by)',
      ),
    ),
  ),
  missing_at_most: v.optional(
    v.pipe(v.number(), v.description('where partial: the most page views (or calls) that may be missing')),
  ),
}

/** Weighted, as every count. */
export const LEFT_OUT = {
  calls_left_out: v.optional(
    v.pipe(
      v.number(),
      v.description(
        'API calls that page views made beyond the 64 that each sends: percentiles are of those sent. Whose they were is ' +
          'not known, so a row counts all that its page views left out: at most so many are missing in it. Missing where ' +
          'there are none, and of the whole where endpoints are grouped for one device',
      ),
    ),
  ),
}

/** What every answer says about its range and its making. */
export const ANSWER = {
  site: v.string(),
  from: v.pipe(TIME, v.description('RFC 3339, on the whole hour')),
  to: TIME,
  source: v.pipe(
    v.picklist(['samples', 'rollup']),
    v.description(
      'rollup: from hour and day roll-ups, and from raw rows in the same form for hours that are still open or not ' +
        'rolled up yet. samples: from raw rows, for combinations that no roll-up holds.',
    ),
  ),
  relative_error: v.pipe(
    v.number(),
    v.description('largest relative distance of a percentile from the exact one of the same samples'),
  ),
}

export const SAMPLED = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.description(
    'of the stored page views that no roll-up answers for, one in so many was read; 1: all. Weights, and ' +
      'so counts, allow for it.',
  ),
)
