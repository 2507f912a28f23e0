/**
 * A page view as a row of the lake: what one beacon said, by the names, units and times of the API.
 */

import { fromGrains, vitalsInUnits } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { LakeRow } from '../../schema/storage/lake.ts'
import type { ApiCall, Attribution, PageErrors, PageView } from '../../schema/wire/pageview.ts'
import type { Visitor } from './enrich.ts'

/** What the worker knows of a beacon beyond what it says. */
export interface Found {
  site: string
  /** The id under which D1 would keep it. */
  id: string
  visitor: Visitor
  imported: boolean
  now: Ms
}

export function toLakeRow(view: PageView, { site, id, visitor, imported, now }: Found): LakeRow {
  const { sequence, weight, route, navigation, release, connection, vitals, phases, calls, marks } = view
  const { device, country, browser, browserVersion, os } = visitor
  return {
    ...{ site, id, sequence, began: now - view.age, arrived: now, weight, imported },
    ...{ route, navigation, release, device, country, browser, browser_version: browserVersion, os },
    ...{ connection, phases },
    ...vitalsInUnits(vitals),
    server: timings(view.server),
    trace: view.trace ?? null,
    blocking: view.blocking ?? null,
    bfcache: view.bfcache ?? null,
    why: causes(view.why),
    calls: calls.map(({ endpoint, start, duration, outcome, status, ttfb, bytes, server, trace }) => ({
      ...{ endpoint, start, duration, outcome, status, ttfb, bytes },
      server: timings(server),
      trace: trace ?? null,
    })),
    calls_dropped: view.dropped,
    marks,
    tags: JSON.stringify(Object.fromEntries(view.tags)),
    errors: view.errors?.list ?? null,
    errors_beyond: view.errors && beyond(view.errors),
  }
}

function timings(server: ApiCall['server'] | undefined): LakeRow['server'] {
  return server ? server.map(([name, duration]) => ({ name, duration })) : null
}

function causes({ lcp, inp, cls }: Attribution): LakeRow['why'] {
  return {
    lcp: lcp && {
      ...{ target: lcp.target, url: lcp.url, load_delay: lcp.loadDelay },
      ...{ load_duration: lcp.loadDuration, render_delay: lcp.renderDelay },
    },
    inp: inp && {
      ...{ target: inp.target, event: inp.event, at: inp.time, input_delay: inp.inputDelay },
      ...{ processing: inp.processing, presentation: inp.presentation, script: inp.script },
    },
    cls: cls && { target: cls.target, score: fromGrains('cls', cls.value), at: cls.time },
  }
}

/** Errors that are counted and not listed. */
function beyond({ count, list }: PageErrors): number {
  return Math.max(0, count - list.reduce((sum, error) => sum + error.count, 0))
}
