/**
 * Where a list goes on: the sort key of its last row, as an opaque text for the next question. A key, not a number of rows, so that what is stored in the meantime neither repeats nor hides a row.
 */

import * as v from 'valibot'

const DETAIL = 'is not a cursor of this question'

/** Writes a key as base64url of its JSON; its texts are ASCII. */
export function toCursor(key: readonly (string | number)[]): string {
  return btoa(JSON.stringify(key)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The parameter `cursor`: a key of this shape. */
export function cursorOf<T>(key: v.GenericSchema<unknown, T>) {
  return v.pipe(
    v.string(),
    v.description('goes on after the row whose cursor this is'),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const found = v.safeParse(key, parse(dataset.value))
      if (found.success) return found.output
      addIssue({ message: DETAIL })
      return NEVER
    }),
  )
}

/** What a key is made of. */
export const KEY = {
  whole: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{0,16}g?$/)),
}

function parse(text: string): unknown {
  try {
    return JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return null
  }
}
