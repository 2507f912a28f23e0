/**
 * Why the imagined shop's vitals are what they are: causes are added to a page view by its
 * route, with parts that add up, and calls where they are waited for.
 */

import type { ApiCall, Blocking, InpCause, LcpCause, PageView } from '../../schema/wire/pageview.ts'
import type { Random } from './random.ts'

/** An LCP element. Shares are of the time after the first byte; the rest is the render delay. */
export interface LcpModel {
  target: string
  /** null for text. */
  url: string | null
  loadDelay: number
  loadDuration: number
  /** The endpoint that is asked before the element is known. */
  waitsFor?: string
}

/** What is slow to answer. Shares are of the INP; the rest is the presentation delay. */
export interface InpModel {
  target: string
  event: string
  inputDelay: number
  processing: number
  script: { url: string; invoker: string }
  /** The endpoint that the interaction calls. */
  starts?: string
}

export interface CauseModels {
  lcp: readonly (readonly [LcpModel, number])[]
  inp: readonly (readonly [InpModel, number])[]
  /** Selectors of what moves. */
  cls: readonly (readonly [string, number])[]
}

/** Adds causes to a page view. `chromium` says whether the browser names scripts. */
export function explain(dice: Random, view: PageView, models: CauseModels, chromium: boolean): PageView {
  const { vitals, navigation } = view
  // A restored page is painted from memory: nothing is loaded, and no browser names an element.
  const restored = navigation === 'back-forward-cache'
  const model = dice.pick(models.lcp)
  const lcp = vitals.lcp === null || restored ? null : lcpCause(dice, model, vitals.lcp, vitals.ttfb ?? 0)
  const action = dice.pick(models.inp)
  const begin = Math.round(dice.logNormal(7_000, 0.5))
  const inp = vitals.inp === null ? null : inpCause(dice, action, vitals.inp, begin, chromium)
  const calls = view.calls.map(call => {
    if (lcp && vitals.lcp !== null && call.endpoint === model.waitsFor) return awaited(call, vitals.lcp, lcp)
    if (inp && call.endpoint === action.starts) return { ...call, start: begin + inp.inputDelay + 1 }
    return call
  })
  const moved = vitals.cls
    ? {
        target: dice.pick(models.cls),
        value: Math.ceil(vitals.cls * (0.6 + 0.4 * dice.next())),
        time: Math.round(dice.logNormal(1_400, 0.5)),
      }
    : null
  const loads = !restored && navigation !== 'soft-navigation'
  return {
    ...view,
    calls,
    why: { lcp, inp, cls: moved },
    ...(chromium && { blocking: blockingOf(dice, loads) }),
    ...(chromium && navigation === 'back-forward' && { bfcache: [dice.pick(REFUSALS)] }),
  }
}

function lcpCause(dice: Random, model: LcpModel, lcp: number, ttfb: number): LcpCause {
  const rest = lcp - ttfb
  const loadDelay = Math.round(rest * model.loadDelay * (0.8 + 0.4 * dice.next()))
  const loadDuration = Math.min(
    rest - loadDelay,
    Math.round(rest * model.loadDuration * (0.8 + 0.4 * dice.next())),
  )
  const { target, url } = model
  return { target, url, loadDelay, loadDuration, renderDelay: rest - loadDelay - loadDuration }
}

function inpCause(dice: Random, model: InpModel, inp: number, time: number, chromium: boolean): InpCause {
  const inputDelay = Math.round(inp * model.inputDelay * (0.8 + 0.4 * dice.next()))
  const processing = Math.min(
    inp - inputDelay,
    Math.round(inp * model.processing * (0.8 + 0.4 * dice.next())),
  )
  return {
    target: model.target,
    event: model.event,
    time,
    inputDelay,
    processing,
    presentation: inp - inputDelay - processing,
    // Long animation frames begin at 50 ms, and only Chromium has them.
    script: chromium && processing >= 50 ? { ...model.script, duration: Math.round(processing * 0.9) } : null,
  }
}

/** Whose scripts block the shop: two third parties and its own. */
const BLOCKERS = [
  ['tags.example', 0.5],
  ['', 0.3],
  ['chat.example', 0.15],
] as const

/** Why the shop is not restored: its chat listens for unload. Some tabs have rested for too long, which browsers mask. */
const REFUSALS = [
  ['unload-listener', 6],
  ['websocket', 2],
  ['masked', 2],
] as const

function blockingOf(dice: Random, loads: boolean): Blocking {
  const [load, after] = [
    loads ? Math.round(dice.logNormal(140, 0.8)) : null,
    Math.round(dice.logNormal(40, 1)),
  ]
  const hosts = BLOCKERS.map(([host, share]) => {
    const part = share * (0.5 + 0.5 * dice.next())
    return { load: Math.round((load ?? 0) * part), after: Math.round(after * part), host }
  })
  const sum = (host: (typeof hosts)[number]) => host.load + host.after
  return { load, after, hosts: hosts.filter(sum).sort((a, b) => sum(b) - sum(a)) }
}

/** The call where the page waits for it, if it fits: before the image is asked for, or before the text is rendered. */
function awaited(call: ApiCall, lcp: number, { loadDelay, loadDuration, renderDelay }: LcpCause): ApiCall {
  const ttfb = lcp - loadDelay - loadDuration - renderDelay
  const end = loadDelay > 0 ? ttfb + loadDelay : lcp
  const start = Math.round(end - 0.05 * (end - ttfb)) - call.duration
  return start > 0 ? { ...call, start } : call
}
