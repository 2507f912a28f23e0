/**
 * `POST /v1/sites/<site>/pageviews`: lines of an export come back as rows. A line that does not fit costs itself and is named;
 * all others are stored in one transaction.
 */

import type { Context } from 'hono'
import { type ImportAnswer, MAX_IMPORT_BYTES, MAX_LINES } from '../../schema/api/import.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { readText } from '../body.ts'
import type { Hono } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField, noSite } from '../problem.ts'
import { databaseOf } from '../site/database.ts'
import { findSite } from '../site/sites.ts'
import { restore, sealedHours } from '../store/restore.ts'
import { type Refused, rowOf } from './import-row.ts'

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
  const lines = body.replace(/\r?\n$/, '').split('\n')
  if (lines.length > MAX_LINES)
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
  if (began > now + HOUR) return 'lies in the future'
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
