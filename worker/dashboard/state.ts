/**
 * What the page shows, kept in its address (`?site=shop&range=7d`), and the token, kept in this tab alone.
 */

/** Ranges offered: what `from` is called in the API, and what a person reads. */
export const RANGES = {
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '28d': 'Last 28 days',
} as const satisfies Record<string, string>
export type Range = keyof typeof RANGES

const TOKEN_KEY = 'fieldline-token'

export interface View {
  /** null: the first site there is. */
  site: string | null
  range: Range
}

export function readView(): View {
  const query = new URLSearchParams(location.search)
  const range = query.get('range')
  return { site: query.get('site'), range: range && isRange(range) ? range : '24h' }
}

/** Puts a view into the address, as a new step of the history. */
export function pushView({ site, range }: View): void {
  const query = new URLSearchParams(site ? { site, range } : { range })
  history.pushState(null, '', `?${query}`)
}

export function isRange(value: string): value is Range {
  return Object.hasOwn(RANGES, value)
}

/** The token of this tab. One that comes as `#token=` is taken out of the address first. */
export function readToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given) {
    history.replaceState(null, '', location.pathname + location.search)
    keepToken(given)
  }
  return sessionStorage.getItem(TOKEN_KEY)
}

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token)
}

export function dropToken(): void {
  sessionStorage.removeItem(TOKEN_KEY)
}
