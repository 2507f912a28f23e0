/** What a question is about, as options of the command line: the site, the time, the filters. */

import { GROUP_KEYS } from '../schema/api/query.ts'
import { parseToken } from '../schema/api/token.ts'
import { all, type Given, needed, type Options, one } from './command.ts'
import { misuse } from './failure.ts'

export const RANGE: Options = {
  site: { value: '<site>', help: "the site; default: a read token's own" },
  last: { value: '<time>', help: 'the range up to now: 24h or 7d' },
  from: { value: '<time>', help: 'RFC 3339, -24h or -7d; default: -24h' },
  to: { value: '<time>', help: 'RFC 3339, -24h, -7d or now; default: now' },
}

export const SITE: Options = { site: { value: '<site>', help: 'the site' } }

export const FILTERS: Options = {
  ...Object.fromEntries(GROUP_KEYS.map(key => [key, { value: `<${key}>`, help: `only this ${key}` }])),
  tag: {
    value: '<name=value>',
    help: 'only this value of a declared tag, plan=pro; may be repeated',
    many: true,
  },
  segment: { value: '<id>', help: 'only this saved segment; other filters narrow it further' },
}

/** How groups are told apart, chosen and sorted. */
export const GROUPS: Options = {
  'group-by': { value: '<list>', help: 'up to two of the filters below; tag:<name> for a tag' },
  sort: { value: '<order>', help: 'busiest, slowest, failing or impact; default: busiest' },
  limit: { value: '<n>', help: 'the most groups; default: 20' },
  minimum: { value: '<n>', help: 'leave out groups with fewer samples' },
}

/** The filters that are given, as query parameters. */
export function filtersOf(given: Given): Record<string, string | string[] | undefined> {
  const tags = all(given, 'tag').map(tagText)
  return {
    ...Object.fromEntries(GROUP_KEYS.map(key => [key, one(given, key)])),
    ...(tags.length && { tag: tags }),
    segment: one(given, 'segment'),
  }
}

/** `plan=pro` as the API writes it: `plan:pro`. */
export function tagText(given: string): string {
  return given.replace(/^(\w+)=/, '$1:')
}

/** The site that is asked for. */
export function siteOf(given: Given): string {
  return one(given, 'site') ?? parseToken(one(given, 'token') ?? '')?.site ?? needed(given, 'site')
}

/** The address of the site that is asked for, or of what belongs to it. */
export function sitePath(given: Given, ...parts: string[]): string {
  return `/v1/sites/${[siteOf(given), ...parts].map(encodeURIComponent).join('/')}`
}

/** The query parameters of the time. */
export function timeOf(given: Given): { from: string | undefined; to: string | undefined } {
  const [last, from, to] = [one(given, 'last'), one(given, 'from'), one(given, 'to')]
  if (last === undefined) return { from, to }
  if (from !== undefined || to !== undefined) throw misuse('Use either --last, or --from and --to.')
  if (!/^\d{1,4}[hd]$/.test(last))
    throw misuse(`--last must be hours or days, such as 24h or 7d, not ${last}.`)
  return { from: `-${last}`, to: undefined }
}
