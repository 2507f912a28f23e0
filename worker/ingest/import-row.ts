/** A line of an export as the row that it was written from. */

import * as v from 'valibot'
import { IMPORT_LINE, type ImportAnswer, type ImportLine } from '../../schema/api/import.ts'
import { hourOf } from '../../schema/domain/hour.ts'
import { eachVital, PHASES, toGrains } from '../../schema/domain/metrics.ts'
import { byBeacon, encodeBlocking, encodeCall, encodeError, encodeMark } from '../../schema/storage/row.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import type { Attribution } from '../../schema/wire/pageview.ts'

/** A line that is not taken, and why. */
export type Refused = ImportAnswer['refused'][number]

/** The row of a line, or the field that does not fit. */
export function rowOf(text: string, site: string): PageViewRow | Omit<Refused, 'line'> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { field: 'line', detail: 'is not JSON' }
  }
  const checked = v.safeParse(IMPORT_LINE, json, { abortEarly: true })
  if (checked.success) return toRow(checked.output, site)
  const [issue] = checked.issues
  return { field: v.getDotPath(issue) ?? 'line', detail: issue.message }
}

/** Each column, lest an import loses one. */
function toRow(line: ImportLine, site: string): Required<PageViewRow> {
  const { id, weight, route, navigation, release, device, country, browser, os, connection, tags } = line
  const began = Date.parse(line.began)
  const { newest: sequence, received } = line.beacons ?? { newest: 0, received: 1 }
  return {
    site,
    hour: hourOf(began),
    id,
    began,
    sequence,
    received,
    weight,
    navigation,
    route,
    release,
    country,
    device,
    browser,
    browserVersion: line.browser_version,
    os,
    connection,
    tags: Object.keys(tags).length ? JSON.stringify(tags) : null,
    ...vitalsIn(line),
    ...loadIn(line),
    ...itemsIn(line, sequence),
    ...errorsIn(line),
  }
}

function vitalsIn(line: ImportLine) {
  const attribution = encodeAttribution(attributionOf(line.why))
  return {
    ...eachVital(vital => {
      const value = line[vital]
      return value === null ? null : toGrains(vital, value)
    }),
    why: attribution ? JSON.stringify(attribution) : null,
  }
}

/** What the browser says of how the page loaded, and of how it came back. */
function loadIn({ phases, server, trace, blocking, bfcache }: ImportLine) {
  return {
    phases: phases && JSON.stringify(PHASES.map(phase => phases[phase])),
    server: server && JSON.stringify(Object.entries(server)),
    trace: trace?.id ?? null,
    blocking: blocking && JSON.stringify(encodeBlocking(blocking)),
    bfcache: bfcache?.length ? JSON.stringify(bfcache) : null,
  }
}

/** Calls and marks, as if one beacon had brought them all, and how many are missing. */
function itemsIn(line: ImportLine, sequence: number) {
  const calls = line.calls.map(call =>
    encodeCall({ ...call, server: call.server && Object.entries(call.server), trace: call.trace?.id }),
  )
  const missing = line.calls_dropped ?? 0
  const callsCut = Math.min(line.calls_cut ?? 0, missing)
  return {
    calls: byBeacon(sequence, calls),
    dropped: missing - callsCut,
    callsCut,
    marks: byBeacon(sequence, line.marks.map(encodeMark)),
    marksCut: line.marks_dropped ?? 0,
  }
}

function errorsIn({ errors, errors_beyond }: ImportLine) {
  if (!errors) return { errors: null, errorList: null }
  const listed = errors.reduce((sum, { count }) => sum + count, 0)
  return {
    errors: listed + (errors_beyond ?? 0),
    errorList: errors.length ? JSON.stringify(errors.map(encodeError)) : null,
  }
}

function attributionOf({ lcp = null, inp = null, cls = null }: Partial<ImportLine['why']>): Attribution {
  return {
    lcp: lcp && {
      target: lcp.target,
      url: lcp.url,
      loadDelay: lcp.parts.load_delay,
      loadDuration: lcp.parts.load_duration,
      renderDelay: lcp.parts.render_delay,
    },
    inp: inp && {
      target: inp.target,
      event: inp.event,
      time: inp.at,
      inputDelay: inp.parts.input_delay,
      processing: inp.parts.processing,
      presentation: inp.parts.presentation,
      script: inp.script,
    },
    cls: cls && { target: cls.target, value: toGrains('cls', cls.score), time: cls.at },
  }
}
