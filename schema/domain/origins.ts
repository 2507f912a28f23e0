/** Which pages may send for a site: the origins of its settings, with their patterns. */

/** True when `origin` is on the list; `*` stands for all, `https://*.x` for subdomains, `http://x:*` for ports. */
export function isAllowed(origins: readonly string[], origin: string | undefined): boolean {
  if (origins.includes('*')) return true
  if (!origin) return false
  return origins.some(allowed => allowed === origin || patternOf(allowed).test(origin))
}

/** The origins that an entry of the list stands for. A browser leaves out the port that the scheme implies. */
function patternOf(allowed: string): RegExp {
  const source = allowed
    .replace(/^(https:.*):443$|^(http:.*):80$/, '$1$2')
    .replaceAll('.', '\\.')
    .replace('//*\\.', '//([\\w-]+\\.)+')
    .replace(/:\*$/, '(:\\d+)?')
  return new RegExp(`^${source}$`)
}
