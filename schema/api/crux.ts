/**
 * The contract of the Chrome UX Report API, which the worker speaks, too: the bodies that it takes, and the shape of what is
 * answered.
 *
 * @see https://developer.chrome.com/docs/crux/api and https://developer.chrome.com/docs/crux/history-api
 */

import * as v from 'valibot'
import type { Vital } from '../domain/metrics.ts'
import { type FieldError, fail, type Parsed } from '../domain/problem.ts'
import { template } from '../domain/route.ts'
import { oneOf, shortText } from './fields.ts'

/** The metrics of CrUX that are measured here, under their names there. */
export const CRUX_VITALS = {
  largest_contentful_paint: 'lcp',
  interaction_to_next_paint: 'inp',
  cumulative_layout_shift: 'cls',
  first_contentful_paint: 'fcp',
  experimental_time_to_first_byte: 'ttfb',
} as const satisfies Record<string, Vital>
const CRUX_FRACTIONS = ['form_factors', 'navigation_types'] as const
/** What CrUX knows beside: it may be asked for, and is left out of the record as where CrUX has no data. */
const ELSEWHERE = [
  'round_trip_time',
  'largest_contentful_paint_resource_type',
  'largest_contentful_paint_image_time_to_first_byte',
  'largest_contentful_paint_image_resource_load_delay',
  'largest_contentful_paint_image_resource_load_duration',
  'largest_contentful_paint_image_element_render_delay',
]

export type CruxVital = keyof typeof CRUX_VITALS
export type CruxFraction = (typeof CRUX_FRACTIONS)[number]

/** The devices by their names in CrUX. */
export const FORM_FACTORS = { PHONE: 'phone', TABLET: 'tablet', DESKTOP: 'desktop' } as const
type FormFactor = keyof typeof FORM_FACTORS

/** Collection periods of a history, unless said otherwise. */
const PERIODS = 25
const MAX_PERIODS = 40

const VITAL_NAMES = Object.keys(CRUX_VITALS) as CruxVital[]
const METRIC_NAMES: readonly string[] = [...VITAL_NAMES, ...CRUX_FRACTIONS, ...ELSEWHERE]
const DEVICE_NAMES = Object.keys(FORM_FACTORS) as FormFactor[]

const REQUEST = {
  origin: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.regex(
        /^https?:\/\/[^/?#\s]+\/?$/i,
        'must be an http or https origin without a path: for a page ask for url',
      ),
      v.metadata({ format: 'uri' }),
    ),
  ),
  url: v.optional(
    v.pipe(
      shortText(2_000),
      v.regex(/^https?:\/\/[^/?#\s]/i, 'must be an http or https address'),
      v.metadata({ format: 'uri' }),
    ),
  ),
  formFactor: v.optional(oneOf(['ALL_FORM_FACTORS', ...DEVICE_NAMES])),
  metrics: v.optional(
    v.array(v.picklist(METRIC_NAMES, 'is not the name of a metric of CrUX'), 'must be a list'),
  ),
}
const COUNT = `must be a whole number from 1 to ${MAX_PERIODS}`
const HISTORY = {
  collectionPeriodCount: v.optional(
    v.pipe(v.number(COUNT), v.integer(COUNT), v.minValue(1, COUNT), v.maxValue(MAX_PERIODS, COUNT)),
    PERIODS,
  ),
}

const message = (issue: v.BaseIssue<unknown>) =>
  issue.expected === 'never' ? 'is not known' : 'must be a JSON object'
export const CRUX_REQUEST = v.strictObject(REQUEST, message)
export const CRUX_HISTORY_REQUEST = v.strictObject({ ...REQUEST, ...HISTORY }, message)

/** A checked request. */
export interface CruxQuery {
  origin: string
  /** The page as it was asked for; null for the whole origin. */
  url: string | null
  /** The route that the page is stored under; null for the whole origin. */
  route: string | null
  formFactor: FormFactor | null
  vitals: CruxVital[]
  fractions: CruxFraction[]
  /** Collection periods; 1 for a record. */
  periods: number
}

/** Checks the body of `queryRecord`. */
export function parseRecordRequest(body: unknown): Parsed<CruxQuery> {
  const result = v.safeParse(CRUX_REQUEST, body, { abortEarly: true })
  return result.success ? toQuery(result.output, 1) : failed(result.issues[0])
}

/** Checks the body of `queryHistoryRecord`. */
export function parseHistoryRequest(body: unknown): Parsed<CruxQuery> {
  const result = v.safeParse(CRUX_HISTORY_REQUEST, body, { abortEarly: true })
  return result.success
    ? toQuery(result.output, result.output.collectionPeriodCount)
    : failed(result.issues[0])
}

function toQuery(
  { origin, url, formFactor, metrics }: v.InferOutput<typeof CRUX_REQUEST>,
  periods: number,
): Parsed<CruxQuery> {
  const given = url ?? origin
  if (given === undefined) return fail('origin', 'or url is required')
  if (url !== undefined && origin !== undefined) return fail('url', 'cannot be combined with origin')
  const address = URL.parse(given)
  if (!address) return fail(url === undefined ? 'origin' : 'url', 'is not an address')
  const wanted = metrics?.length ? metrics : METRIC_NAMES
  return {
    ok: {
      origin: address.origin,
      url: url ?? null,
      route: url === undefined ? null : template(address.pathname),
      formFactor: formFactor === undefined || formFactor === 'ALL_FORM_FACTORS' ? null : formFactor,
      vitals: VITAL_NAMES.filter(name => wanted.includes(name)),
      fractions: CRUX_FRACTIONS.filter(name => wanted.includes(name)),
      periods,
    },
  }
}

function failed(issue: v.BaseIssue<unknown>): { error: FieldError } {
  return fail(v.getDotPath(issue) ?? 'body', issue.message)
}

const DATE = v.object({ year: v.number(), month: v.number(), day: v.number() })
/** Whole days in UTC, both included. */
const COLLECTION_PERIOD = v.object({ firstDate: DATE, lastDate: DATE })
export type CollectionPeriod = v.InferOutput<typeof COLLECTION_PERIOD>

const VALUE = v.pipe(v.union([v.number(), v.string()]), v.description('ms, or for CLS a decimal as a string'))
const BIN = { start: VALUE, end: v.optional(VALUE) }
const DENSITY = v.union([v.number(), v.literal('NaN')])

/** Three bins, the last one without an end, and p75; or fractions. Densities and fractions add up to 1. */
const METRIC = v.object({
  histogram: v.optional(v.array(v.object({ ...BIN, density: v.number() }))),
  percentiles: v.optional(v.object({ p75: VALUE })),
  fractions: v.optional(v.record(v.string(), v.number())),
})
export type CruxMetric = v.InferOutput<typeof METRIC>

/** The same with one value for each collection period: `NaN` and null where there is too little data. */
const TIMESERIES = v.object({
  histogramTimeseries: v.optional(v.array(v.object({ ...BIN, densities: v.array(DENSITY) }))),
  percentilesTimeseries: v.optional(v.object({ p75s: v.array(v.nullable(VALUE)) })),
  fractionTimeseries: v.optional(v.record(v.string(), v.object({ fractions: v.array(DENSITY) }))),
})
export type CruxTimeseries = v.InferOutput<typeof TIMESERIES>

const KEY = v.object({
  origin: v.optional(v.string()),
  url: v.optional(v.string()),
  formFactor: v.optional(v.picklist(DEVICE_NAMES)),
})
const NORMALIZATION = v.optional(v.object({ originalUrl: v.string(), normalizedUrl: v.string() }))

export const CRUX_ANSWER = v.object({
  record: v.object({
    key: KEY,
    metrics: v.record(v.string(), METRIC),
    collectionPeriod: COLLECTION_PERIOD,
  }),
  urlNormalizationDetails: NORMALIZATION,
})
export type CruxAnswer = v.InferOutput<typeof CRUX_ANSWER>

export const CRUX_HISTORY_ANSWER = v.object({
  record: v.object({
    key: KEY,
    metrics: v.record(v.string(), TIMESERIES),
    collectionPeriods: v.array(COLLECTION_PERIOD),
  }),
  urlNormalizationDetails: NORMALIZATION,
})
export type CruxHistoryAnswer = v.InferOutput<typeof CRUX_HISTORY_ANSWER>

/** An error as Google's APIs answer it. */
export const CRUX_ERROR = v.object({
  error: v.object({
    code: v.pipe(v.number(), v.integer(), v.description('the HTTP status')),
    message: v.string(),
    status: v.pipe(v.string(), v.description('INVALID_ARGUMENT, NOT_FOUND, ...')),
    details: v.optional(
      v.array(
        v.object({
          '@type': v.string(),
          fieldViolations: v.array(v.object({ field: v.string(), description: v.string() })),
        }),
      ),
    ),
  }),
})
export type CruxError = v.InferOutput<typeof CRUX_ERROR>
