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
  /^(?![45]0\d\b)[.,:_+-]*\d[\d.,:_tz+-]*(\.[a-z]\w*)?$|\w{3}-(?!(19|20)\d\d$)\d{3,}$|\d{5}|@|\/.*\d|^[\da-f]{8}-|^(?=.*\d.*\d)[\da-f]{7,}$/i
/** What looks like a part of a token: versions, steps, years and endings (`v2alpha1`, `step1of3`, `expo2025`, `.html`). */
const NAMED = /^v\d\w*|\w+\dof\d+|(19|20)\d\d$|\.[a-z]\w*$/

/** Where two kinds of letters meet. A name has few such places: `getUserById` has three, `x7Kq2Vb` five. */
const TURN = /[A-Za-z](?=[A-Z\d])|\d(?=[A-Za-z])/g
/**
 * Two small letters that hardly follow each other in European languages, which leaves vowels, doubles and the common
 * clusters; and once more a letter behind a number.
 */
const RARE =
  /(?!.?[aeiouy]|[lnrs][b-dfgkmps-vz]|[bcdfgkpt][lrst]|[cgpst]h|(.)\1|ck|m[bp]|[gkw]n|t[cw]|xt|rl|ws)[a-z](?=[a-z])|[a-z]\d+(?=[a-z])/g

/**
 * Templates a path as it stands in a URL: `/orders/1234;v=2/` becomes `/orders/[id]`. The rest is readable text, and ends
 * neither in a slash nor in `index.html`: `/caf%C3%A9/` becomes `/café`.
 */
export function template(path: string): string {
  const name = path.replace(/;[^/]*/g, '').replace(/\/+(?=\/|$)|\/index\.\w+\/*$/g, '')
  return (
    name.replace(/[^/]+/g, segment => {
      // Some pages encode twice. What stands for a `/`, `?` or `#` stays encoded.
      const text = decoded(decoded(segment, decodeURI), decodeURI)
      return isId(decoded(text, decodeURIComponent)) ? '[id]' : text
    }) || '/'
  )
}

/** A name that a person gave, without query string and fragment. */
export function routeName(name: string): string {
  return `${name}`.replace(/[?#].*/s, '')
}

/** What is no text stays as it is, and spoils nothing beside it. */
function decoded(text: string, decode: (text: string) => string): string {
  return text.replace(/(%[\da-f]{2})+/gi, codes => {
    try {
      return decode(codes.toUpperCase())
    } catch {
      return codes
    }
  })
}

function isId(segment: string): boolean {
  return (
    ID.test(segment) ||
    segment
      .replace(NAMED, '')
      .split(/[-_.~/]/)
      .some(isOdd)
  )
}

/** True where too many neighbours do not suit each other: two in five, and all of five characters. */
function isOdd(token: string): boolean {
  const small = token.toLowerCase()
  // Some names have capitals at the end, or a number for a word: `getURL`, `order2go`. Capitals alone are one kind of letters.
  const text =
    small.toUpperCase() === token ? small : token.replace(/([a-z]{3})([A-Z]+$|[24](?=[a-z]{2}))/, '$1')
  const odd = (text.match(TURN) ?? []).length + (small.match(RARE) ?? []).length
  return token.length > 5 ? odd >= 0.4 * (token.length - 1) : odd > 3 && token.length > 4
}
