/**
 * From a path to a route: what differs from visitor to visitor becomes `[id]`, so that the number of routes stays
 * small and no identifier leaves the page. The same holds for the endpoints of API calls.
 */

/**
 * What makes a path segment an id, whole; slugs of words stay. In this order: numbers, dates, times and versions, with
 * or without a file's ending (`42`, `2026-11-14`, `7.html`); a long number inside (`order-100234`); an email address
 * or handle; a UUID, by its beginning; a hexadecimal hash, from an abbreviated commit on; a token of letters and digits by turns; a
 * very long word.
 */
const ID =
  /^[\d.,:_tz+-]*\d[\d.,:_tz+-]*(\.[a-z]\w*)?$|\d{5}|@|^[\da-f]{8}-|^(?=.*\d)[\da-f]{7,}$|(^|[-_.~])(?=[a-z\d]{8})[a-z\d]*\d[a-z]+\d|[a-z\d]{40}/i

/** Templates a path as it stands in a URL: `/orders/1234;v=2` becomes `/orders/[id]`. */
export function template(path: string): string {
  return path.replace(/[^/]+/g, segment => {
    const name = segment.replace(/;.*/s, '')
    return ID.test(decoded(name)) ? '[id]' : name
  })
}

/** A name that a person gave, without query string and fragment. */
export function routeName(name: string): string {
  return `${name}`.replace(/[?#].*/s, '')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
