/** The names that answers give to groups that have none of their own; a page's own names are kept apart from them. */

/** What an hour's roll-ups keep no name of: beyond the largest of its routes, releases, endpoints and marks. */
export const OTHER = '(other)'
/** The groups that an answer has no row of. */
export const REST = '(rest)'

/** True for a name that no page can give. */
export function isReserved(name: string | null | undefined): boolean {
  return name === OTHER || name === REST
}

/** A page's name for a route, a release or an endpoint: `(other)` becomes `[other]`, so that it is not taken for ours. */
export function pageName(name: string): string {
  return isReserved(name) ? `[${name.slice(1, -1)}]` : name
}
