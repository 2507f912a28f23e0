/** A page view, as one beacon says it, as a row of `pageviews`. */

import { hourOf } from '../../schema/domain/hour.ts'
import { PHASES } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import {
  byBeacon,
  encodeBlocking,
  encodeCall,
  encodeError,
  encodeMark,
  LAST_BIT,
  SILENT_BIT,
} from '../../schema/storage/row.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import type { Visitor } from './enrich.ts'
import { slim } from './size.ts'

/** Where a beacon arrived, and when. */
interface Arrival {
  site: string
  now: Ms
}

/** Builds the row: times by the worker's clock, calls and marks under their beacon's number. */
export function toRow(view: PageView, visitor: Visitor, { site, now }: Arrival): PageViewRow {
  const { sequence, calls, marks, tags, phases, errors } = view
  const why = encodeAttribution(view.why)
  const began = now - view.age
  return {
    site,
    hour: hourOf(began),
    id: view.id,
    began,
    sequence,
    weight: view.weight,
    navigation: view.navigation,
    route: view.route,
    release: view.release,
    ...visitor,
    connection: view.connection,
    ...view.vitals,
    phases: phases && JSON.stringify(PHASES.map(phase => phases[phase])),
    server: view.server ? JSON.stringify(view.server) : null,
    trace: view.trace ?? null,
    calls: byBeacon(sequence, calls.map(encodeCall)),
    why: why ? JSON.stringify(why) : null,
    tags: tags.length ? JSON.stringify(Object.fromEntries(tags)) : null,
    blocking: view.blocking ? JSON.stringify(encodeBlocking(view.blocking)) : null,
    bfcache: view.bfcache ? JSON.stringify(view.bfcache) : null,
    marks: byBeacon(sequence, marks.map(encodeMark)),
    received: 2 ** Math.min(sequence, LAST_BIT),
    dropped: view.dropped,
    errors: errors?.count ?? null,
    errorList: errors?.list.length ? JSON.stringify(errors.list.map(encodeError)) : null,
  }
}

/** The same of a page view that is cut to the ordinary, with how much was cut of it. */
export function slimRow(view: PageView, visitor: Visitor, arrival: Arrival): PageViewRow {
  const { view: rest, callsCut, marksCut } = slim(view)
  return { ...toRow(rest, visitor, arrival), ...underNumber(view, rest), callsCut, marksCut }
}

/** The same of a page view that says nothing of the loss. */
export function silent(row: PageViewRow): PageViewRow {
  return { ...row, received: (row.received ?? 0) + 2 ** SILENT_BIT }
}

/** A beacon of which no call, or mark, is left keeps its number: so what was cut of it is counted once. */
function underNumber(view: PageView, rest: PageView): Partial<PageViewRow> {
  const none = JSON.stringify({ [view.sequence]: [] })
  return {
    ...(view.calls.length && !rest.calls.length && { calls: none }),
    ...(view.marks.length && !rest.marks.length && { marks: none }),
  }
}
