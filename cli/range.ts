/** What a question is about, as options of the command line: the site, the time, the filters. */

import { GROUP_KEYS } from '../schema/api/filters.ts'
import { parseToken } from '../schema/api/token.ts'
import { all, type Given, needed, type Options, one } from './command.ts'
import { misuse } from './failure.ts'

export const RANGE: Options = {
  site: { value: '<site>', help: "the site; default: a read token's own" },
  last: { value: '<time>', help: 'the range up to now: 24h or 7d' },
  from: { value: '<time>', help: '2026-11-14 (UTC), RFC 3339, -24h or -7d; default: -24h' },
  to: { value: '<time>', help: 'the end, not included, written alike; default: now' },
}

export const SITE: Options = { site: { value: '<site>', help: 'the site' } }

/** Options of filters, each of which may be given several times: `only this route`. */
export function filterOptions(keys: readonly string[], only: string): Options {
  return {
    ...Object.fromEntries(
      keys.map(key => [key, { value: `<${key}>`, help: `${only} ${key}`, many: true as const }]),
    ),
    tag: {
      value: '<name=value>',
      help: `${only} value of a tag: plan=pro; filters may be repeated`,
      many: true,
    },
    not: { value: '<filter=value>', help: 'not this value: country=DE, tag=plan:free', many: true },
  }
}

/** Any but `--segment` may be repeated. */
export const FILTERS: Options = {
  ...filterOptions(GROUP_KEYS, 'only this'),
  segment: { value: '<id>', help: 'only this saved segment; other filters narrow it further' },
}

/** How groups are made, chosen and sorted. */
export const GROUPS: Options = {
  'group-by': { value: '<list>', help: 'up to two of the filters below; tag:<name> for a tag' },
  sort: { value: '<order>', help: 'busiest, slowest, failing or impact; default: busiest' },
  limit: { value: '<n>', help: 'the most groups; default: 20' },
  minimum: { value: '<n>', help: 'leave out groups with fewer samples' },
}

/** The filters that are given, as query parameters. */
export function filtersOf(given: Given): Record<string, string | string[] | undefined> {
  return { ...valuesOf(given, GROUP_KEYS), segment: one(given, 'segment') }
}

/** The values of filters, as the API has them: those wanted by `device`, those left out by `device!`. */
export function valuesOf(given: Given, dimensions: readonly string[]): Record<string, string[]> {
  const keys = [...dimensions, 'tag']
  const left = all(given, 'not').map(text => {
    const [, key = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? []
    if (!keys.includes(key))
      throw misuse(`--not must be <filter>=<value> with one of ${keys.join(', ')}, not ${text}.`)
    return { key, value }
  })
  const lists = keys.flatMap((key): [string, string[]][] => {
    const written = (value: string) => (key === 'tag' ? tagText(value) : value)
    const none = left.filter(one => one.key === key).map(({ value }) => written(value))
    return [
      [key, all(given, key).map(written)],
      [`${key}!`, none],
    ]
  })
  return Object.fromEntries(lists.filter(([, values]) => values.length))
}

/** `plan=pro` as the API writes it: `plan:pro`. */
export function tagText(given: string): string {
  return given.replace(/^(\w+)=/, '$1:')
}

/** The query parameters of a question: what it is about, and `options` of its own, which the API calls the same. */
export function queryOf(given: Given, options: readonly string[]) {
  return {
    site: siteOf(given),
    ...timeOf(given),
    ...filtersOf(given),
    ...Object.fromEntries(options.map(name => [name, one(given, name)])),
  }
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
