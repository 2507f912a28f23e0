/**
 * One form for the names that routers give to routes: `/products/[slug]`, `/docs/[...path]`. A router's own pattern goes in,
 * or, where it tells none, an address with its parameters.
 */

/** Parameters by name, in the order of the route; a catch-all has a list, or `/` in its text. */
export interface Params {
  // Not a Record: TypeScript would read the type of React Router's `useParams()` out of it, and refuse it.
  readonly [name: string]: string | readonly string[] | undefined
}

/**
 * A pattern in the words of any router: `/products/:slug`, `/products/:slug(\\d+)?`, `/(shop)/products/[[slug]]`,
 * `/[id=integer]`, `/docs/*`, `**`.
 */
export function nameOf(pattern: string): string {
  const segments = pattern.split(/\/(?![^([{]*[)\]}])/).flatMap(segment => {
    // Groups of files and slots have no part in the address.
    if (!segment || /^\(.*\)$|^@/.test(segment)) return []
    const [, splat] = /^\*{1,2}(.*)$/.exec(segment) ?? []
    if (splat !== undefined) return `[...${splat || 'rest'}]`
    return segment
      .replace(/\[\[?(\.{3})?([\w-]+)(=[^\]]+)?\]\]?/g, '[$1$2]')
      .replace(/:([\w-]+)(\(.*\)|\{.*\})?([*+?]?)/g, (_, name, regex, many) =>
        many === '*' || many === '+' || /^.\.[*+].$/.test(regex ?? '') ? `[...${name}]` : `[${name}]`,
      )
  })
  return `/${segments.join('/')}`
}

/**
 * The name of the route of an address, by the values of its parameters: `/products/shoe` with `slug: 'shoe'` is
 * `/products/[slug]`. Values are compared, never put into a regular expression. Each part of the address belongs to one
 * parameter; where a value is there more than once, the later part is it: in `/shop/shop` the first is the folder.
 */
export function nameByParams(pathname: string, params: Params): string {
  const parts = pathname.split('/').filter(Boolean)
  const names = parts.map((part): string | null => part)
  let end = parts.length
  for (const [name, value] of Object.entries(params).reverse()) {
    const values = typeof value === 'string' ? value.split('/') : (value ?? [])
    const list = values.filter(Boolean).map(plain)
    const many = typeof value !== 'string' || values.length > 1
    const at = list.length ? lastPlaceOf(list, parts.slice(0, end)) : -1
    if (at < 0) continue
    names.fill(null, at, at + list.length)
    names[at] = many ? `[...${name}]` : `[${name}]`
    end = at
  }
  return `/${names.filter(name => name !== null).join('/')}`
}

/** Where a list stands in `parts` for the last time; below 0 where it does not. */
function lastPlaceOf(list: readonly string[], parts: readonly string[]): number {
  let at = parts.length - list.length
  while (at >= 0 && !list.every((text, i) => plain(parts[at + i] ?? '') === text)) at--
  return at
}

/** Routers differ in whether a value is written as in the address. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
