/**
 * `POST /v1/sites/<site>/pageviews`: lines of an export come back as rows. A line that does not fit costs itself and is named;
 * all others are stored in one transaction.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import {
  IMPORT_LINE,
  type ImportAnswer,
  type ImportLine,
  MAX_IMPORT_BYTES,
  MAX_LINES,
} from '../../schema/api/import.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { PHASES } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { encodeBlocking, encodeCall, encodeError, encodeMark } from '../../schema/storage/row.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import type { Attribution } from '../../schema/wire/pageview.ts'
import { readText } from '../body.ts'
import type { Hono } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField, noSite } from '../problem.ts'
import { databaseOf } from '../site/database.ts'
import { findSite } from '../site/sites.ts'
import { restore, sealedHours } from '../store/restore.ts'

type Refused = ImportAnswer['refused'][number]
interface Line {
  line: number
  row: PageViewRow
}

export async function importPageViews(c: Context<Hono>): Promise<Response> {
  const now = Date.now()
  const site = await findSite(c.env, siteOf(c), now)
  if (!site) throw noSite(siteOf(c))
  const d1 = databaseOf(c.env, site)
  const body = await readText(c.req.raw, MAX_IMPORT_BYTES, 'A request of page views')
  const lines = body.split('\n')
  if (lines.length > MAX_LINES + 1)
    throw badField({ field: 'body', detail: `must have at most ${MAX_LINES} lines` })

  const refused: Refused[] = []
  const read = lines.flatMap((text, i): Line[] => {
    const found = text.trim() ? rowOf(text, site.id) : null
    if (found && 'field' in found) refused.push({ line: i + 1, ...found })
    return found && !('field' in found) ? [{ line: i + 1, row: found }] : []
  })
  const sealed = await sealedHours(
    d1,
    site.id,
    read.map(({ row }) => row.hour),
  )
  const oldest = (hourOf(now) - site.rawDays * 24) * HOUR
  const taken = newestOf(
    read.filter(({ line, row }) => {
      const detail = refusalOf(row, { now, oldest, sealed: sealed.has(row.hour), rawDays: site.rawDays })
      if (detail) refused.push({ line, field: 'began', detail })
      return !detail
    }),
  )
  const imported = await restore(d1, site.id, taken.rows, now)
  const answer: ImportAnswer = {
    imported,
    unchanged: taken.lines - imported,
    refused: refused.sort((a, b) => a.line - b.line),
  }
  return c.json(answer, 200, PRIVATE)
}

interface Terms {
  now: Ms
  oldest: Ms
  sealed: boolean
  rawDays: number
}

/** Why a row is not taken; undefined where it is. */
function refusalOf({ began }: PageViewRow, { now, oldest, sealed, rawDays }: Terms): string | undefined {
  if (began > now + DAY / 24) return 'lies in the future'
  if (began < oldest)
    return `must be from ${new Date(oldest).toISOString()} on: raw_days is ${rawDays}, so it would be deleted at once`
  if (sealed) return 'lies in an hour whose page views were deleted: its figures stay as they are'
}

/** One row a page view, the newest: a statement does not see the rows that it is about to write. */
function newestOf(lines: readonly Line[]): { rows: PageViewRow[]; lines: number } {
  const newest = new Map<string, PageViewRow>()
  for (const { row } of lines) {
    const before = newest.get(row.id)
    if (!before || row.sequence > before.sequence) newest.set(row.id, row)
  }
  return { rows: [...newest.values()], lines: lines.length }
}

/** The row of a line, or the field that does not fit. */
function rowOf(text: string, site: string): PageViewRow | Omit<Refused, 'line'> {
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

function toRow(line: ImportLine, site: string): PageViewRow {
  const { id, weight, route, navigation, release, device, country, browser, os, connection } = line
  const { lcp, inp, cls, fcp, ttfb, phases, server, trace, blocking, bfcache, tags } = line
  const began = Date.parse(line.began)
  const { newest: sequence, received } = line.beacons ?? { newest: 0, received: 1 }
  const why = encodeAttribution(attributionOf(line.why))
  const calls = line.calls.map(call =>
    encodeCall({ ...call, server: call.server && Object.entries(call.server), trace: call.trace?.id }),
  )
  const marks = line.marks.map(encodeMark)
  const { errors } = line
  const listed = errors?.reduce((sum, { count }) => sum + count, 0) ?? 0
  const dropped = line.calls_dropped ?? 0
  const callsCut = Math.min(line.calls_cut ?? 0, dropped)
  return {
    ...{
      site,
      hour: hourOf(began),
      id,
      began,
      sequence,
      weight,
      navigation,
      route,
      release,
      country,
      device,
    },
    ...{ browser, browserVersion: line.browser_version, os, connection, lcp, inp, fcp, ttfb },
    cls: cls === null ? null : toGrains(cls),
    phases: phases && JSON.stringify(PHASES.map(phase => phases[phase])),
    server: server && JSON.stringify(Object.entries(server)),
    trace: trace?.id ?? null,
    calls: calls.length ? JSON.stringify({ [sequence]: calls }) : '{}',
    why: why ? JSON.stringify(why) : null,
    blocking: blocking && JSON.stringify(encodeBlocking(blocking)),
    bfcache: bfcache?.length ? JSON.stringify(bfcache) : null,
    marks: marks.length ? JSON.stringify({ [sequence]: marks }) : '{}',
    tags: Object.keys(tags).length ? JSON.stringify(tags) : null,
    errors: errors && listed + (line.errors_beyond ?? 0),
    errorList: errors?.length ? JSON.stringify(errors.map(encodeError)) : null,
    ...{ received, callsCut, dropped: dropped - callsCut, marksCut: line.marks_dropped ?? 0 },
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
    cls: cls && { target: cls.target, value: toGrains(cls.score), time: cls.at },
  }
}

/** A score of CLS in thousandths. */
function toGrains(score: number): number {
  return Math.round(score * 1_000)
}
