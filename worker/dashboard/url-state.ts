/**
 * Where one is on the page: its address (`?site=shop&range=7d&metric=inp`) goes in, a place comes out, and back. What is
 * left at its default is not in the address.
 */

import type { Dimension } from '../../schema/api/filters.ts'
import { METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { isTagKey, type TagKey, tagOf } from '../../schema/domain/tag.ts'

/** Ranges offered, and what a person reads; `own` goes from a day to a day. */
export const RANGES = {
  '24h': '24 hours',
  '7d': '7 days',
  '28d': '28 days',
  '90d': '90 days',
  own: 'Custom range',
} as const
type Range = keyof typeof RANGES

export const VIEWS = {
  overview: 'Overview',
  compare: 'Compare',
  views: 'Page views',
  api: 'API',
  timing: 'Timing',
  parties: 'Third parties',
  errors: 'Errors',
  budgets: 'Budgets',
  names: 'Names',
  sites: 'Sites',
} as const
type ViewName = keyof typeof VIEWS

/** What page views are told apart by, and what a person reads. */
export const DIMENSIONS = {
  route: 'Route',
  country: 'Country',
  device: 'Device',
  browser: 'Browser',
  connection: 'Connection',
  navigation: 'Navigation',
  release: 'Release',
} as const satisfies Record<Dimension, string>

/** What is filtered by: a dimension's values, and with `!` those that are left out. Several are told apart by a line's end. */
export const FILTERS = [...Object.keys(DIMENSIONS), 'tag'].flatMap(name => [
  name,
  `${name}!`,
]) as FilterState[]
export type FilterName = Dimension | 'tag'
type FilterState = FilterName | `${FilterName}!`

/** Those that leave values out stand last in an address. */
function noFilters() {
  const inOrder = FILTERS.toSorted((a, b) => Number(a.endsWith('!')) - Number(b.endsWith('!')))
  return Object.fromEntries(inOrder.map(name => [name, ''])) as Record<FilterState, string>
}

/** What a person reads of a dimension, or of the tag `tag:plan`: `Route`, `plan`. */
export function titleOf(by: FilterName | TagKey): string {
  return by === 'tag' ? 'Tag' : isTagKey(by) ? tagOf(by) : DIMENSIONS[by]
}

/** The filter that a group is: `pro` of `tag:plan` is `plan:pro` of `tag`. */
export function filterOf(by: Dimension | TagKey, name: string): [state: FilterName, value: string] {
  return isTagKey(by) ? ['tag', `${tagOf(by)}:${name}`] : [by, name]
}

/** The filters that are no group of a breakdown: of tags those of the others. */
export function without(place: Place, by: Dimension | TagKey): Partial<Place> {
  if (!isTagKey(by)) return { [by]: '' }
  const isOther = (value: string) => !value.startsWith(`${tagOf(by)}:`)
  return { tag: place.tag.split('\n').filter(isOther).join('\n') }
}

/** What may have several values. */
const LISTS: readonly string[] = [...FILTERS, 'api', 'api!']

/** What two sides are told apart by. */
export const COMPARED = {
  period: 'Period',
  release: 'Release',
  device: 'Device',
  country: 'Country',
  route: 'Route',
} as const

/** Every state that the address has, with its default. */
const DEFAULTS = {
  site: '',
  view: 'overview' as ViewName,
  range: '24h' as Range,
  /** For the range `own`: days (2026-11-01), or times of UTC that the chart was zoomed to (2026-11-01T09:00Z). */
  from: '',
  to: '',
  p: '75',
  metric: 'lcp' as Metric,
  by: 'route' as Dimension | TagKey,
  chart: 'lines' as 'lines' | 'histogram',
  interval: '' as '' | 'hour' | 'day',
  sort: 'impact' as 'impact' | 'busiest' | 'slowest' | 'failing',
  rows: '10',
  /** What groups or sites are searched for, and the column that they are sorted by: `-Count` is downwards. */
  q: '',
  col: '',
  /** What changes are told against: the period before, or the release before. */
  against: '' as '' | 'release',
  /** The endpoints whose chart is shown, and those that are left out. */
  api: '',
  'api!': '',
  /** Page views with this cause of the metric. */
  target: '',
  event: '',
  /** Page views in which this message came. */
  error: '',
  order: 'slowest' as 'slowest' | 'newest',
  /** The page view that is open, or the budget or site that is being changed. */
  id: '',
  /** The site after which the list of sites goes on. */
  after: '',
  /** What is brought into view: the cause of the metric, the settings of a site, or a change of a budget by its time. */
  at: '',
  /** What is compared, and its two sides; of periods, `a` is how many days the other one lies before. */
  on: 'period' as keyof typeof COMPARED | TagKey,
  a: '',
  b: '',
  /** The load phase or the mark whose chart is shown. */
  of: 'phase:load',
  live: 'on' as 'on' | 'off',
  theme: 'system' as 'system' | 'light' | 'dark',
  /** What is open above the view. */
  panel: '' as '' | 'segments',
  /** The saved segment that the filters narrow. */
  segment: '',
  ...noFilters(),
}
export type Place = typeof DEFAULTS

const NAMES = Object.keys(DEFAULTS) as (keyof Place)[]

/** What a state may be, where the API is not the one to say. */
const ALLOWED: { [K in keyof Place]?: readonly string[] } = {
  view: Object.keys(VIEWS),
  range: Object.keys(RANGES),
  metric: Object.keys(METRICS),
  by: Object.keys(DIMENSIONS),
  on: Object.keys(COMPARED),
}

/** True where a segment or a filter leaves page views out. */
export function isNarrowed(place: Place): boolean {
  return !!place.segment || FILTERS.some(name => place[name])
}

/** What changes on the way to another site: nothing stays that only the one before has. */
export function toSite(site: string, { by, on }: Place): Partial<Place> {
  return {
    ...{ site, id: '', q: '', col: '', after: '', api: '', 'api!': '', target: '', event: '', error: '' },
    ...{ a: '', b: '', of: DEFAULTS.of, segment: '', tag: '', 'tag!': '' },
    ...(isTagKey(by) && { by: DEFAULTS.by }),
    ...(isTagKey(on) && { on: DEFAULTS.on }),
  }
}

export const PERCENTILES = ['50', '75', '90', '95', '99']

export function readPlace(search: string): Place {
  const query = new URLSearchParams(search)
  const known = [...query.keys()].flatMap(name => {
    const values = query.getAll(name)
    const value = LISTS.includes(name) ? values.join('\n') : (values.at(-1) ?? '')
    // Answers name a percentile by its number: of 75.0 or 75,95 there would seem to be no data.
    const isAllowed =
      name === 'p' ? `${Number(value)}` === value : (ALLOWED[name as keyof Place]?.includes(value) ?? true)
    const isKnown =
      Object.hasOwn(DEFAULTS, name) && (isAllowed || ((name === 'by' || name === 'on') && isTagKey(value)))
    return isKnown ? [[name, value]] : []
  })
  return { ...DEFAULTS, ...Object.fromEntries(known) }
}

/** The address of a place: `?site=shop&view=api`. */
export function addressOf(place: Place): string {
  const said = NAMES.filter(name => place[name] !== DEFAULTS[name])
  return `?${new URLSearchParams(said.flatMap(name => oneByOne([name, place[name]])))}`
}

/** A parameter for each of several values. */
export function oneByOne([name, values]: readonly [string, string]): [name: string, value: string][] {
  return values.split('\n').map(value => [name, value])
}

/** Goes to a place: a new step of the history, or in place of the last one for what only passes by. */
export function go(place: Place, replace = false): void {
  if (!replace && addressOf(place) === location.search) return
  history[replace ? 'replaceState' : 'pushState'](null, '', addressOf(place))
  dispatchEvent(new Event('popstate'))
}
