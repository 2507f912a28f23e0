/**
 * How every error is answered: problem details, which name the field that does not fit.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */

import * as v from 'valibot'

export const PROBLEM = v.object({
  type: v.pipe(v.literal('about:blank'), v.description('the status says what kind of problem it is')),
  title: v.pipe(v.string(), v.description('the name of the status')),
  status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
  detail: v.pipe(v.string(), v.description('a sentence for the person who made the request')),
  field: v.optional(
    v.pipe(
      v.string(),
      v.description('the parameter, or the path in the body (`vitals.lcp`), that does not fit'),
    ),
  ),
})
export type Problem = v.InferOutput<typeof PROBLEM>

/** What a check of something foreign comes to. */
export type Parsed<T> = { ok: T } | { error: FieldError }

/** A field that does not fit (`to`, `vitals.lcp`, `calls.0.2`), and why. */
export interface FieldError {
  field: string
  detail: string
}

/** What a check of a field that does not fit comes to. */
export function fail(field: string, detail: string): { error: FieldError } {
  return { error: { field, detail } }
}
