/**
 * The contract of a site: what may be set of it, and how it is answered. The worker checks by it, the CLI speaks it.
 */

import * as v from 'valibot'
import { MAX_WEIGHT } from '../wire/beacon.ts'
import { SITE_NAME, TIME, unknownOrMissing, wholeNumber } from './fields.ts'

/** The highest sampling rate: one page view in so many. */
export const MAX_RATE = 2 ** 20

const ORIGIN = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^(\*|https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?)$/,
    'must be * or an origin, without a path or a slash at its end: https://shop.example, https://*.shop.example, http://localhost:*',
  ),
)
const ORIGINS = v.pipe(
  v.array(ORIGIN, 'must be a list'),
  v.minLength(1, 'must have at least one origin'),
  v.maxLength(50, 'must have at most 50 origins'),
)
const RATE = v.pipe(
  v.number('must be a number'),
  v.check(
    rate => Number.isInteger(Math.log2(rate)) && rate >= 1 && rate <= MAX_RATE,
    `must be a power of two from 1 to ${MAX_RATE}`,
  ),
)
const ROWS_PER_DAY = wholeNumber(240, 100_000_000)
/** Bytes of raw rows: from what a quiet site needs to the whole of a D1 database. */
const BYTES_PER_DAY = wholeNumber(1_000_000, 10_000_000_000)
const SITE_WEIGHT = wholeNumber(1, MAX_WEIGHT)
const RAW_DAYS = wholeNumber(1, 90)
const HOUR_DAYS = wholeNumber(2, 400)
const DAY_DAYS = wholeNumber(7, 3_700)

/** An http or https address in which `{trace}` stands for a trace's id. */
const TRACE_LINK = v.nullable(
  v.pipe(
    v.string('must be a string'),
    v.maxLength(500, 'must be at most 500 characters'),
    v.check(
      link => link.includes('{trace}') && /^https?:$/.test(URL.parse(link)?.protocol ?? ''),
      'must be an address with {trace} in it: https://tempo.example/trace/{trace}',
    ),
    // All who may read the site see it.
    v.check(
      link => !URL.parse(link)?.username && !URL.parse(link)?.password,
      'must not have a user name or password',
    ),
    v.description('where a trace is shown; `{trace}` stands for its id; null: nowhere'),
  ),
)

/** The binding of a D1 database of the worker: `DB`, `DB_2`. */
export const DATABASE = v.pipe(
  v.string('must be a string'),
  v.regex(/^DB(_([2-9]|[1-9]\d{1,3}))?$/, 'must be the binding of a database: DB, DB_2, DB_3, ...'),
)

/** The body of `PUT /v1/sites/:site`: all that is set; what is left out takes its default. */
export const SITE_SETTINGS = v.strictObject(
  {
    origins: ORIGINS,
    rate: v.optional(RATE, 1),
    rows_per_day: v.optional(ROWS_PER_DAY, 25_000),
    bytes_per_day: v.optional(BYTES_PER_DAY, 11_000_000),
    max_weight: v.optional(SITE_WEIGHT, 10),
    raw_days: v.optional(RAW_DAYS, 14),
    hour_days: v.optional(HOUR_DAYS, 35),
    day_days: v.optional(DAY_DAYS, 760),
    trace_link: v.optional(TRACE_LINK, null),
    database: v.exactOptional(
      v.pipe(
        DATABASE,
        v.description(
          'where the rows of a new site lie, by default in `DB`; a site that is there is moved instead',
        ),
      ),
    ),
  },
  unknownOrMissing,
)
export type SiteSettings = v.InferOutput<typeof SITE_SETTINGS>

/** The body of `PATCH /v1/sites/:site`: what is left out stays. */
export const SITE_CHANGE = v.strictObject(
  {
    origins: v.exactOptional(ORIGINS),
    rate: v.exactOptional(RATE),
    rows_per_day: v.exactOptional(ROWS_PER_DAY),
    bytes_per_day: v.exactOptional(BYTES_PER_DAY),
    max_weight: v.exactOptional(SITE_WEIGHT),
    raw_days: v.exactOptional(RAW_DAYS),
    hour_days: v.exactOptional(HOUR_DAYS),
    day_days: v.exactOptional(DAY_DAYS),
    trace_link: v.exactOptional(TRACE_LINK),
  },
  unknownOrMissing,
)
export type SiteChange = v.InferOutput<typeof SITE_CHANGE>

/** A site as it is answered. */
export const SITE_ANSWER = v.object({
  site: SITE_NAME,
  origins: ORIGINS,
  rate: RATE,
  rows_per_day: ROWS_PER_DAY,
  bytes_per_day: BYTES_PER_DAY,
  max_weight: SITE_WEIGHT,
  raw_days: RAW_DAYS,
  hour_days: HOUR_DAYS,
  day_days: DAY_DAYS,
  trace_link: TRACE_LINK,
  database: v.pipe(DATABASE, v.description('the database in which its rows lie')),
  moving: v.optional(
    v.pipe(
      v.object({ phase: v.picklist(['copy', 'merge', 'purge']), other: DATABASE }),
      v.description(
        'a move between `database` and `other`: `copy` goes to the other; `merge` and `purge` come from it; absent where there is none',
      ),
    ),
  ),
  created: TIME,
  bot_beacons_24h: v.pipe(
    v.number(),
    v.integer(),
    v.description('beacons of bots in the last 24 hours, which were not stored; a lower bound'),
  ),
})
export type SiteAnswer = v.InferOutput<typeof SITE_ANSWER>

/** A site as it is answered where it was changed. */
export const SITE_SAVED = v.omit(SITE_ANSWER, ['bot_beacons_24h'])
export type SiteSaved = v.InferOutput<typeof SITE_SAVED>

export const SITES_ANSWER = v.object({ data: v.array(SITE_ANSWER) })
export type SitesAnswer = v.InferOutput<typeof SITES_ANSWER>
