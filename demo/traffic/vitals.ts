/** What a browser would have measured of a visitor's page view, by a model of the page: vitals, phases and calls. */

import type { Phase, Vital } from '../../schema/domain/metrics.ts'
import type { ApiCall, Navigation } from '../../schema/wire/pageview.ts'
import type { Random } from './random.ts'
import type { EndpointModel, RouteModel } from './routes.ts'
import type { Visitor } from './visitors.ts'

/** Share of page views with an interaction, and so with an INP. */
const INTERACTING = 0.62
/** Times add up as in a browser: first byte, first paint after it, largest paint after that. */
export function measure(
  dice: Random,
  who: Visitor,
  navigation: Navigation,
  model: RouteModel,
): Record<Vital, number | null> {
  const soft = navigation === 'soft-navigation'
  // A page that was kept or prepared has its document already; a soft navigation never asks for one.
  const ready = navigation === 'back-forward-cache' || navigation === 'prerender'
  const ttfb = ready || soft ? 0 : dice.logNormal(model.ttfb, 0.35) * who.network ** 0.8
  const paint = ready
    ? dice.logNormal(60, 0.5) * who.processor
    : dice.logNormal(model.render, 0.4) * (0.45 * who.processor ** 0.7 + 0.55 * who.network ** 0.5)
  const fcp = ttfb + paint * 0.55
  const lcp = ttfb + paint * (dice.chance(0.25) ? 0.55 : dice.logNormal(1, 0.2))
  const inp = dice.logNormal(model.inp, 0.7) * who.processor ** 0.8
  const cls = dice.chance(0.45) ? 0 : dice.logNormal(model.cls, 1.1)
  const interacts = dice.chance(INTERACTING)
  return {
    ttfb: soft ? null : Math.round(ttfb),
    fcp: Math.round(fcp),
    lcp: Math.round(Math.max(lcp, fcp)),
    // Event timing is in grains of 8 ms.
    inp: interacts && !who.lacks.includes('inp') ? Math.max(16, Math.round(inp / 8) * 8) : null,
    cls: who.lacks.includes('cls') ? null : Math.round(cls),
  }
}

/** Each phase ends after the one before it. */
export function phasesOf(dice: Random, { ttfb, lcp }: Record<Vital, number | null>): Record<Phase, number> {
  const request = ttfb ?? 0
  const response = request + dice.logNormal(40, 0.6)
  const interactive = response + (lcp ?? 0) * 0.5
  const loaded = interactive + dice.logNormal(25, 0.5)
  const phases = {
    dns: request * 0.1,
    connect: request * 0.35,
    request,
    response,
    interactive,
    loaded,
    load: loaded + dice.logNormal(500, 0.6),
  }
  return {
    dns: Math.round(phases.dns),
    connect: Math.round(phases.connect),
    request: Math.round(phases.request),
    response: Math.round(phases.response),
    interactive: Math.round(phases.interactive),
    loaded: Math.round(phases.loaded),
    load: Math.round(phases.load),
  }
}

/** One call of an endpoint, as long as the visitor's network makes it. */
export function apiCall(dice: Random, who: Visitor, model: EndpointModel): ApiCall {
  const ends = dice.next()
  const outcome = ends < model.lost ? 'network' : ends < model.lost + model.failing ? 'http' : 'ok'
  const duration = Math.round(dice.logNormal(model.duration, 0.55) * who.network ** 0.7)
  const answered = outcome !== 'network' && !model.opaque
  return {
    endpoint: model.endpoint,
    start: Math.round(dice.logNormal(model.onClick ? 9_000 : 700, 0.4)),
    duration,
    outcome,
    status: outcome === 'network' ? null : outcome === 'http' ? dice.pick(FAILURES) : 200,
    ttfb: answered ? Math.round(duration * 0.85) : null,
    bytes: answered ? Math.round(dice.logNormal(model.bytes, 0.3)) : null,
    server: answered && model.server ? timingOf(model.server, duration * 0.85) : null,
  }
}

function timingOf(shares: Record<string, number>, ttfb: number): [string, number][] {
  return Object.entries(shares).map(([name, share]) => [name, Math.round(share * ttfb)])
}

const FAILURES: readonly (readonly [number, number])[] = [
  [500, 5],
  [503, 3],
  [429, 1],
]
