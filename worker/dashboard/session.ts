/** The token, kept in this tab alone. One that comes as `#token=` is taken out of the address first. */

const TOKEN_KEY = 'fieldline-token'

export function readToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given) {
    history.replaceState(null, '', location.pathname + location.search)
    sessionStorage.setItem(TOKEN_KEY, given)
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? ''
}

/** Keeps a token, or forgets it where it is empty. */
export function keepToken(token: string): void {
  if (token) sessionStorage.setItem(TOKEN_KEY, token)
  else sessionStorage.removeItem(TOKEN_KEY)
}

/** False for a read token, which its form tells: it is shown nothing that it may not use. */
export function mayChange(): boolean {
  return !/^fl_[a-z0-9-]+_[0-9a-f]{12}_[0-9a-f]{40}$/.test(readToken())
}
