/**
 * What a field may be, of parameters as of bodies: names, numbers, times and lists, each with the message for what does not
 * fit, and with what the OpenAPI document says of it.
 */

import * as v from 'valibot'

export const PLAIN_DETAIL = 'must not have control characters or half surrogates'

/** True for text that the database keeps as it is, and that is safe in a header. */
export function isPlain(text: string): boolean {
  return !/[\p{Cc}\p{Surrogate}]/u.test(text)
}

export const SITE_DETAIL = 'must be 1 to 63 of a-z, 0-9 and -, and not begin with -'
/** The name of a site: what a URL and a CSS selector can carry unquoted. */
export const SITE_NAME = v.pipe(v.string('is missing'), v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, SITE_DETAIL))
/** The same, as the parameter of a question. */
export const SITE = v.pipe(SITE_NAME, v.description('the name of the site'))

export const ID_DETAIL = 'must be 12 hex digits'
/** What the worker gives a thing of a site, such as a token or a budget, to be called by. */
export const ID = v.pipe(v.string(), v.regex(/^[0-9a-f]{12}$/, ID_DETAIL))

/** Text of at most `max` characters, whatever they are. */
export const shortText = (max: number) =>
  v.pipe(v.string('must be a string'), v.maxLength(max, `must be at most ${max} characters`))

/** Text that a person writes into a body, to be kept and shown. */
export const plainText = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(max, `must be at most ${max} characters`),
    v.check(isPlain, PLAIN_DETAIL),
  )

/** `GET, HEAD or PUT` */
export const eitherOf = (names: readonly string[]) => names.join(', ').replace(/, ([^,]*)$/, ' or $1')

/** One of some names: `must be hour or day`. */
export const oneOf = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, `must be ${eitherOf(names)}`)

/** A whole number within bounds, of an address; `meaning` is for the OpenAPI document. */
export const whole = (min: number, max: number, meaning: string) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, 'must be a whole number'),
    v.metadata({ type: 'integer', minimum: min, maximum: max, pattern: undefined, description: meaning }),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )

/** A whole number within bounds, of a body. */
export const wholeNumber = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )

/** What a percentile may be, as JSON Schema. */
export const PERCENTILE = { type: 'number', minimum: 1, maximum: 99.9 } as const
const PERCENTILE_DETAIL = 'must be a number from 1 to 99.9, with one decimal at most'

/** A percentile of an address: with at most one decimal, so that its name (`p99.9`) is its value. */
export const percentile = (value: string): number | undefined =>
  /^\d{1,2}(\.\d)?$/.test(value) && Number(value) >= 1 && Number(value) <= 99.9 ? Number(value) : undefined

/** The same, as a parameter of one percentile. */
export const percentileOf = (meaning: string) =>
  v.pipe(
    v.string(),
    v.metadata({ ...PERCENTILE, description: meaning }),
    // NaN, not undefined: a parameter that is there is not missing.
    v.transform(value => percentile(value) ?? Number.NaN),
    v.number(PERCENTILE_DETAIL),
  )

/** The same, of a body. */
export const PERCENTILE_NUMBER = v.pipe(
  v.number('must be a number'),
  v.check(value => percentile(String(value)) !== undefined, PERCENTILE_DETAIL),
  v.metadata(PERCENTILE),
)

/** What the OpenAPI document says of an item of a list. */
type ItemSchema = { enum: readonly string[] } | { type: 'string'; pattern: string } | typeof PERCENTILE

/** A list, comma-separated; `name` says what each item is to be, `items` the same as JSON Schema. */
export const list = <T>(
  name: string,
  item: (value: string) => T | undefined,
  max: number,
  items: ItemSchema,
) =>
  v.pipe(
    v.string(),
    v.metadata({ type: 'array', items, minItems: 1, maxItems: max, description: `each ${name}` }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const items: T[] = []
      for (const part of dataset.value.split(',')) {
        const value = item(part.trim())
        if (value === undefined) {
          addIssue({ message: `has ${JSON.stringify(part.slice(0, 40))}, which is not ${name}` })
          return NEVER
        }
        if (!items.includes(value)) items.push(value)
      }
      if (items.length > max) addIssue({ message: `must list at most ${max}` })
      return items
    }),
  )

/** One of some names, or undefined: an item of a list. */
export const among =
  <T extends string>(names: readonly T[]) =>
  (value: string): T | undefined =>
    names.find(name => name === value)

/** A time of an answer. */
export const TIME = v.pipe(v.string(), v.isoTimestamp())

export const NO_DATE = 'is not a valid date'

/** False of 30 February, which V8 takes for 2 March. */
export function isOnCalendar(time: string): boolean {
  const day = Date.parse(time.slice(0, 10))
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(time.slice(0, 10))
}

const NO_TIME = 'must be RFC 3339: 2027-01-01T00:00:00Z'

/** A time of a body. */
export const GIVEN_TIME = v.pipe(
  v.string(NO_TIME),
  v.isoTimestamp(NO_TIME),
  v.check(time => !Number.isNaN(Date.parse(time)) && isOnCalendar(time), NO_DATE),
)

/** A duration, or a moment after another. */
export const MS = v.pipe(v.number(), v.minValue(0))

/** What is wrong with a field of a body that may hold no others, or must hold it. */
export const unknownOrMissing = (issue: v.BaseIssue<unknown>) =>
  issue.expected === 'never' ? 'is not known' : 'is missing'
