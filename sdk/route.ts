/**
 * From a path to a route: what differs from visitor to visitor becomes `[id]`, so that the number of routes stays
 * small and no identifier leaves the page. The same holds for the endpoints of API calls.
 */

/** What makes a path segment an id, whole. Slugs of words stay. */
const IDS = [
  // numbers, dates, times, versions, with or without a file's ending: 42, 2026-11-14, 1.2.3, 7.html
  /^[\d.,:_TZ+-]*\d[\d.,:_TZ+-]*(\.[a-z]\w*)?$/,
  // a long number inside: order-100234, 20261114-report
  /\d{5}/,
  // UUID
  /^[\da-f]{8}-[\da-f]{4}-/i,
  // hexadecimal hash, from an abbreviated commit on
  /^(?=.*\d)[\da-f]{7,}$/i,
  // email address or handle
  /@/,
  // token: digits in two places at least, among letters
  /^(?=.{10})\w*\d[a-z_]+\d\w*$/i,
  /^(?=.{20})[\w.~=-]*\d[\w.~=-]*[a-z][\w.~=-]*\d[\w.~=-]*$/i,
  /[a-z\d]{40}/i,
]

/** Templates a path as it stands in a URL: `/orders/1234;v=2` becomes `/orders/[id]`. */
export function template(path: string): string {
  return path
    .split('/')
    .map(segment => {
      const [name = ''] = segment.split(';')
      const text = decoded(name)
      return IDS.some(id => id.test(text)) ? '[id]' : name
    })
    .join('/')
}

/** A name that a person gave, without what the wire refuses: control characters, a query string, a fragment. */
export function routeName(name: string): string {
  return String(name)
    .replace(/\p{Cc}/gu, '')
    .replace(/[?#].*/, '')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
