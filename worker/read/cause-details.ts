/**
 * What the page views of one cause have in common: the parts of the p75, the image, the script, the shift and the API calls.
 */

import type { Cause, Caused } from '../../schema/api/causes.ts'
import { fromGrains } from '../../schema/domain/metrics.ts'
import { INP_PARTS, inpParts, LCP_PARTS, lcpParts, startedBy, waits } from '../../schema/wire/attribution.ts'
import type { ApiCall, Attribution } from '../../schema/wire/pageview.ts'

/** One page view of the cause. */
export interface Detail {
  /** Weight. */
  w: number
  /** The metric, in grains. */
  x: number
  why: Attribution
  calls: readonly ApiCall[]
}

export interface Details extends Pick<Cause, 'url' | 'parts' | 'script' | 'shift' | 'calls'> {
  /** Share of the LCP's load and render delays, around the p75, in which it waited for an API call. */
  waited: number
  /** Share of the interaction, around the p75, that its most frequent longest script took. */
  scripted: number
}

const NO_DETAILS: Details = {
  url: null,
  parts: null,
  script: null,
  shift: null,
  calls: [],
  waited: 0,
  scripted: 0,
}
/** Which page views tell where the time of the p75 goes: those between these shares of all. */
const AROUND = { from: 0.65, to: 0.85 }
const MOST_CALLS = 3
/** What a browser claims of the parts. */
const LCP_CLAIMS = ['loadDelay', 'loadDuration', 'renderDelay'] as const
const INP_CLAIMS = ['inputDelay', 'processing', 'presentation'] as const

/** `p75` is that of the metric, in its unit. */
export function details(metric: Caused, views: readonly Detail[], p75: number): Details {
  switch (metric) {
    case 'lcp':
      return lcpDetails(views, p75)
    case 'inp':
      return inpDetails(views, p75)
    case 'cls':
      return clsDetails(views)
  }
}

function lcpDetails(views: readonly Detail[], p75: number): Details {
  const looked = views.flatMap(view => {
    const lcp = view.why.lcp && fitted(view.x, view.why.lcp, LCP_CLAIMS)
    return lcp ? [{ ...view, lcp, parts: lcpParts(view.x, lcp), waits: waits(view.x, lcp, view.calls) }] : []
  })
  const near = around(looked)
  const delays = sum(near, ({ w, lcp }) => w * (lcp.loadDelay + lcp.renderDelay))
  const waited = sum(near, ({ w, waits }) => w * Math.max(0, ...waits))
  const url = commonest(looked, ({ lcp }) => lcp.url)
  const calls = commonCalls(looked, ({ waits }, i) => waits[i] ?? 0)
  return {
    ...NO_DETAILS,
    url: url?.name ?? null,
    parts: drawn(LCP_PARTS, near, p75),
    calls: calls
      .toSorted((a, b) => b.share * (b.waited ?? 0) - a.share * (a.waited ?? 0))
      .slice(0, MOST_CALLS),
    waited: delays ? waited / delays : 0,
  }
}

function inpDetails(views: readonly Detail[], p75: number): Details {
  const looked = views.flatMap(view => {
    const inp = view.why.inp && fitted(view.x, view.why.inp, INP_CLAIMS)
    return inp ? [{ ...view, inp, parts: inpParts(inp), started: startedBy(inp, view.calls) }] : []
  })
  const nameOf = ({ inp: { script } }: (typeof looked)[number]) =>
    script && JSON.stringify([script.url, script.invoker])
  const common = commonest(looked, nameOf)
  const near = around(looked)
  const ran = sum(near, view =>
    nameOf(view) === common?.name ? view.w * Math.min(view.x, view.inp.script?.duration ?? 0) : 0,
  )
  const took = sum(near, ({ w, parts }) => w * total(parts))
  const [first] = common?.views ?? []
  const calls = commonCalls(looked, ({ started }, i) => (started[i] ? 1 : 0))
  return {
    ...NO_DETAILS,
    parts: drawn(INP_PARTS, near, p75),
    script:
      common && first?.inp.script
        ? {
            url: first.inp.script.url,
            invoker: first.inp.script.invoker,
            duration: median(common.views.map(({ w, inp }) => ({ w, x: inp.script?.duration ?? 0 }))),
            share: common.share,
          }
        : null,
    calls: calls
      .map(call => ({ ...call, waited: null }))
      .toSorted((a, b) => b.share - a.share)
      .slice(0, MOST_CALLS),
    scripted: took ? Math.min(1, ran / took) : 0,
  }
}

function clsDetails(views: readonly Detail[]): Details {
  const shifts = views.flatMap(({ w, why }) => (why.cls ? [{ w, ...why.cls }] : []))
  if (!shifts.length) return NO_DETAILS
  const score = median(shifts.map(({ w, value }) => ({ w, x: value })))
  const at = median(shifts.map(({ w, time }) => ({ w, x: time })))
  return { ...NO_DETAILS, shift: { score: fromGrains('cls', score), at } }
}

/** Parts that a browser claims, together no longer than the whole: else one page view's would be most of a sum. */
function fitted<K extends string, T extends Record<K, number>>(
  whole: number,
  cause: T,
  claims: readonly K[],
): T {
  const claimed = sum(claims, name => cause[name])
  if (claimed <= whole) return cause
  return { ...cause, ...Object.fromEntries(claims.map(name => [name, (cause[name] * whole) / claimed])) }
}

/** The page views around the 75th percentile by weight; the one at it is always among them. */
function around<T extends { w: number; x: number }>(views: readonly T[]): T[] {
  const all = sum(views, ({ w }) => w)
  let below = 0
  return views
    .toSorted((a, b) => a.x - b.x)
    .filter(({ w }) => {
      const from = below
      below += w
      return below >= AROUND.from * all && from <= AROUND.to * all
    })
}

/** The parts of some page views, added up and drawn to the length of `p75`: so they add up to it. */
function drawn<K extends string>(
  names: readonly K[],
  views: readonly { w: number; parts: readonly number[] }[],
  p75: number,
): Record<K, number> | null {
  const sums = names.map((_, i) => sum(views, ({ w, parts }) => w * (parts[i] ?? 0)))
  const all = total(sums)
  if (!all) return null
  return Object.fromEntries(names.map((name, i) => [name, ((sums[i] ?? 0) / all) * p75])) as Record<K, number>
}

/** The endpoints of the calls that took part: `partOf` is above 0 for those. */
function commonCalls<T extends { w: number; calls: readonly ApiCall[] }>(
  views: readonly T[],
  partOf: (view: T, index: number) => number,
): Cause['calls'] {
  const all = sum(views, ({ w }) => w)
  const byEndpoint = new Map<string, { waited: Weighted[]; duration: Weighted[] }>()
  for (const view of views) {
    // A page view that calls an endpoint again and again counts once, by the longest wait.
    const longest = new Map<string, { part: number; duration: number }>()
    for (const [i, { endpoint, duration }] of view.calls.entries()) {
      const part = partOf(view, i)
      if (part > (longest.get(endpoint)?.part ?? 0)) longest.set(endpoint, { part, duration })
    }
    for (const [endpoint, { part, duration }] of longest) {
      const found = byEndpoint.get(endpoint) ?? { waited: [], duration: [] }
      found.waited.push({ w: view.w, x: part })
      found.duration.push({ w: view.w, x: duration })
      byEndpoint.set(endpoint, found)
    }
  }
  return [...byEndpoint].map(([endpoint, { waited, duration }]) => ({
    endpoint,
    share: sum(waited, ({ w }) => w) / all,
    waited: median(waited),
    duration: median(duration),
  }))
}

/** The name that most page views have, by weight, among those that have one; null where none has. */
function commonest<T extends { w: number }>(
  views: readonly T[],
  nameOf: (view: T) => string | null,
): { name: string; share: number; views: T[] } | null {
  const byName = Map.groupBy(views, nameOf)
  byName.delete(null)
  const sizes = [...byName].map(([name, views]) => ({
    name: name ?? '',
    views,
    size: sum(views, ({ w }) => w),
  }))
  const [first] = sizes.sort((a, b) => b.size - a.size)
  return first ? { name: first.name, views: first.views, share: first.size / sum(views, ({ w }) => w) } : null
}

interface Weighted {
  w: number
  x: number
}

/** The weighted median: the smallest value that half of the weight does not exceed. */
function median(values: readonly Weighted[]): number {
  const half = sum(values, ({ w }) => w) / 2
  let below = 0
  const found = values
    .toSorted((a, b) => a.x - b.x)
    .find(({ w }) => {
      below += w
      return below >= half
    })
  return found?.x ?? 0
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0)
}

function total(numbers: readonly number[]): number {
  return sum(numbers, number => number)
}
