/**
 * From a path to a route: what differs from visitor to visitor becomes `[id]`, so that the number of routes stays
 * small and no identifier leaves the page. The same holds for the endpoints of API calls.
 *
 * tests/schema/domain/route.test.ts measures on random ids of many kinds how many stay, and on a list of words how many go.
 */

/**
 * What makes a path segment an id at once. In this order: numbers, dates, times and versions, with or without a file's
 * ending (`42`, `2026-11-14`, `7.html`), though not those of error pages (`/errors/404`); a number of three digits behind a name, years excepted (`item-621`), and one of
 * five anywhere; an email address or handle; a number behind an encoded slash (`u%2F586`); a UUID, by its beginning; a
 * hexadecimal hash, from an abbreviated commit on.
 */
const ID =
  /^(?![45]0\d\b)[.,:_+-]*\d[\d.,:_tz+-]*(\.[a-z]\w*)?$|\w{3}-(?!(19|20)\d\d$)\d{3,}$|\d{5}|@|%40|%2F.*\d|^[\da-f]{8}-|^(?=.*\d.*\d)[\da-f]{7,}$/i

/** What is named: a version (`v2alpha1`); behind three letters, capitals at the end and a number for a word (`getURL`, `order2go`, `step1of3`). */
const NAMED = /^v\d+[a-z]*\d*|([a-z]{3})([A-Z]+$|\d(?=[a-z]{2}))/
/** Where two kinds of letters meet. A name has few such places: `getUserById` has three, `x7Kq2Vb` five. */
const TURN = /\D(?=[A-Z\d])|\d(?=\D)/g
/**
 * Two small letters that hardly follow each other in European languages, which leaves vowels, doubles and the common
 * clusters; and once more a letter behind a number.
 */
const RARE =
  /(?!.?[aeiouy]|(.)\1|[cdgnprt][c-lnr-t]|[hmrsx][bhpt]|[bf][lr]|[lw]s)[a-z](?=[a-z])|[a-z]\d+(?=[a-z])/gi

/** More is not read of a path, in characters. A text in a path may be longer than a beacon. */
const MAX_PATH = 999

/**
 * Templates a path as it stands in a URL: `/orders/1234;v=2/` becomes `/orders/[id]`. The rest is readable text, and ends
 * neither in a slash nor in `index.html`: `/caf%C3%A9/` becomes `/café`.
 */
export function template(path: string): string {
  // Some pages encode twice. What stands for a `/`, `?` or `#` stays encoded.
  return (
    decoded(decoded(path.slice(0, MAX_PATH).replace(/;[^/]*|\/+(?=[;/]|$)|\/index\.\w+\/*$/g, ''))).replace(
      /[^/]+/g,
      segment => (ID.test(segment) || segment.split(/[-_.~%]/).some(isOdd) ? '[id]' : segment),
    ) || '/'
  )
}

/** A name that a person gave, without query string and fragment. */
export function routeName(name: string): string {
  return `${name}`.replace(/[?#].*/s, '')
}

/** What is no text stays as it is, and spoils nothing beside it. */
function decoded(text: string): string {
  return text.replace(/(%[\da-f]{2})+/gi, codes => {
    try {
      return decodeURI(codes.toUpperCase())
    } catch {
      return codes
    }
  })
}

/** True where too many neighbours do not suit each other: two in five; of five characters all, and of fewer none is odd. */
function isOdd(token: string): boolean {
  // Capitals alone are one kind of letters.
  const text = /[a-z]/.test(token) ? token.replace(NAMED, '$1') : token.toLowerCase()
  const odd = (text.match(TURN) ?? []).length + (token.match(RARE) ?? []).length
  return odd >= Math.max(0.4 * (token.length - 1), 4 * (6 - token.length))
}
