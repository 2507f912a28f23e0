/**
 * The one door for the parameters of an address: one text for each name that is known. Every endpoint's own checks come after
 * it.
 */

import * as v from 'valibot'
import type { FieldError, Parsed } from '../domain/problem.ts'
import { isPlain, PLAIN_DETAIL } from './fields.ts'

/** No parameter is longer, in characters. */
const MAX_LENGTH = 2_000

/** What is wrong with the form of parameters, whatever they mean; null where nothing is. Those that `mayRepeat` are lists. */
export function badForm(params: URLSearchParams, mayRepeat: (name: string) => boolean): FieldError | null {
  const seen = new Set<string>()
  for (const [name, value] of params) {
    if (seen.has(name) && !mayRepeat(name)) return { field: named(name), detail: 'is given twice' }
    seen.add(name)
    if (value.length > MAX_LENGTH) {
      return { field: named(name), detail: `must be at most ${MAX_LENGTH} characters` }
    }
    if (!isPlain(name + value)) return { field: named(name), detail: PLAIN_DETAIL }
  }
  return null
}

/**
 * The first parameter of a query string that cannot be decoded: `URLSearchParams` takes a `%` that encodes nothing as it
 * stands, and bytes that are no UTF-8 for U+FFFD.
 */
export function badEncoding(search: string): FieldError | null {
  for (const part of search.replace(/^\?/, '').split('&')) {
    try {
      decodeURIComponent(part)
    } catch {
      const detail = 'has a % that is not valid UTF-8: write %25 for the sign itself'
      return { field: named(part.split('=')[0] ?? ''), detail }
    }
  }
  return null
}

/** Checks parameters against `entries`, schemas by name, of which there are no others. */
export function parseParameters<const E extends v.ObjectEntries>(
  entries: E,
  params: URLSearchParams,
): Parsed<v.InferOutput<v.ObjectSchema<E, undefined>>> {
  const bad = badForm(params, name => Object.hasOwn(entries, name) && takesMany(entries[name]))
  if (bad) return { error: bad }
  for (const name of params.keys()) {
    if (!Object.hasOwn(entries, name)) {
      return { error: { field: named(name), detail: 'is not a parameter of this endpoint' } }
    }
  }
  const checked = v.safeParse(v.object(entries), givenOf(entries, params), { abortEarly: true })
  if (checked.success) return { ok: checked.output }
  const [issue] = checked.issues
  const detail = issue.received === 'undefined' ? 'is missing' : issue.message
  return { error: { field: String(issue.path?.[0].key ?? 'query'), detail } }
}

/** The text of each parameter; of one that may be repeated all of its texts. */
export function givenOf(
  entries: v.ObjectEntries,
  params: URLSearchParams,
): Record<string, string | string[] | null> {
  return Object.fromEntries(
    [...new Set(params.keys())].map(name => [
      name,
      Object.hasOwn(entries, name) && takesMany(entries[name]) ? params.getAll(name) : params.get(name),
    ]),
  )
}

/** True for a parameter that is given once for each of its values: a list that no value, comma or not, can break. */
export function takesMany(entry: unknown): boolean {
  const schema = entry as { type?: string; wrapped?: unknown } | undefined
  return schema?.type === 'array' || (schema?.wrapped !== undefined && takesMany(schema.wrapped))
}

/** A name as a problem shows it: a stranger's, so cut and plain. */
function named(name: string): string {
  return name.replace(/\p{Cc}/gu, '\ufffd').slice(0, 100) || 'query'
}
