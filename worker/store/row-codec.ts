/**
 * What a row of `pageviews` keeps as JSON, read back as the page view said it; null where the text is broken, so that one row
 * costs the answer no other. A part that is not what it should be is left out.
 */

import { PHASES, type Phase } from '../../schema/domain/metrics.ts'
import { decodeCall, decodeError, type RowCall, type RowError } from '../../schema/storage/row.ts'
import { type AttributionLists, decodeAttribution } from '../../schema/wire/attribution-lists.ts'
import type { ApiCall, Attribution, Blocking, Mark, PageError } from '../../schema/wire/pageview.ts'

/** A page view of which no cause is known. */
export const NO_ATTRIBUTION: Attribution = { lcp: null, inp: null, cls: null }

export function attributionOf(text: string | null): Attribution | null {
  if (!text) return NO_ATTRIBUTION
  const lists = recordOf(text)
  return (
    lists && decodeAttribution(Object.fromEntries(Object.entries(lists).filter(isList)) as AttributionLists)
  )
}

/** The Server-Timing of a document. */
export function serverOf(text: string | null): ApiCall['server'] {
  const list = text ? parsed(text) : null
  return Array.isArray(list) && list.every(Array.isArray) ? (list as [string, number][]) : null
}

/** How long scripts blocked the page. */
export function blockingOf(text: string | null): Blocking | null {
  const list = text ? parsed(text) : null
  if (!Array.isArray(list) || typeof list[1] !== 'number') return null
  const [load, after, hosts] = list
  return {
    load: typeof load === 'number' ? load : null,
    after,
    hosts: (Array.isArray(hosts) ? hosts : []).flatMap(item => {
      const [load, after, host]: unknown[] = Array.isArray(item) ? item : []
      return typeof load === 'number' && typeof after === 'number' && typeof host === 'string'
        ? [{ load, after, host }]
        : []
    }),
  }
}

/** Why a page was not restored. */
export function reasonsOf(text: string | null): string[] | null {
  const list = text ? parsed(text) : null
  return Array.isArray(list) ? list.filter(reason => typeof reason === 'string') : null
}

/** The calls of all beacons, in the order in which they began. */
export function callsOf(text: string): ApiCall[] | null {
  const lists = itemsOf(text)
  return lists && (lists.filter(isCall) as RowCall[]).map(decodeCall).sort((a, b) => a.start - b.start)
}

/** The marks of all beacons, in the order in which they came. */
export function marksOf(text: string): Mark[] | null {
  const lists = itemsOf(text)
  return (
    lists?.flatMap(([name, value]) =>
      typeof name === 'string' && typeof value === 'number' ? [{ name, value }] : [],
    ) ?? null
  )
}

/** The tags, by name. */
export function tagsOf(text: string | null): Record<string, string> | null {
  const found = text ? recordOf(text) : {}
  return found && Object.fromEntries(Object.entries(found).filter(isText))
}

/** The errors that a page view told apart. */
export function errorsOf(text: string | null): PageError[] | null {
  const lists = text ? parsed(text) : []
  return Array.isArray(lists) ? (lists.filter(isError) as RowError[]).map(decodeError) : null
}

/** The load phases; null, too, for navigations that load no document. */
export function phasesOf(text: string | null): Record<Phase, number> | null {
  const list = text ? parsed(text) : null
  if (!Array.isArray(list)) return null
  const numbers = PHASES.map((phase, i) => [phase, typeof list[i] === 'number' ? list[i] : 0])
  return Object.fromEntries(numbers) as Record<Phase, number>
}

/** A JSON text; undefined where it is broken. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What `{"0":[[...],...],"1":[...]}` holds. */
export function itemsOf(text: string): unknown[][] | null {
  const beacons = recordOf(text)
  if (!beacons) return null
  const items: unknown[][] = []
  for (const list of Object.values(beacons)) {
    if (!Array.isArray(list)) continue
    for (const item of list) if (Array.isArray(item)) items.push(item)
  }
  return items
}

function recordOf(text: string): Record<string, unknown> | null {
  const value = parsed(text)
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}

function isList(entry: [string, unknown]): boolean {
  return Array.isArray(entry[1])
}

function isError(list: unknown): boolean {
  if (!Array.isArray(list)) return false
  const [kind, message, script, ...numbers] = list
  const texts = [kind, message, script].every(value => typeof value === 'string')
  return texts && numbers.length === 3 && numbers.every(value => typeof value === 'number')
}

function isCall([endpoint, start, duration, outcome, , , , server]: unknown[]): boolean {
  const numbers = [start, duration, outcome].every(value => typeof value === 'number')
  const pairs = server == null || (Array.isArray(server) && server.every(Array.isArray))
  return typeof endpoint === 'string' && numbers && pairs
}
