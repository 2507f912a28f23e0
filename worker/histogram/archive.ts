/**
 * Keeps days for longer than D1 does: before a day's roll-ups are deleted there, they go into R2, as one Parquet file,
 * `days/site=shop/2024-10-31.parquet`. A row is a group of one dimension; its columns are histograms, as in D1.
 *
 * A day goes from D1 only once its file is written. To write it again is to write the same.
 */

import { sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { periods } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { dimensionsIn, ROLLUPS, VIEW_COLUMNS } from './dimensions.ts'

/** What one day takes, in statements: one finds it, one reads each table. */
export const ARCHIVE_STATEMENTS = 1 + ROLLUPS.length
/** Files of a deleted site that go at once: R2 takes up to 1,000. */
const DELETE_BATCH = 1_000
/** The columns of histograms, in all tables of roll-ups. */
const COLUMNS = [...VIEW_COLUMNS, 'api', 'measure', 'error'] as const

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const

type Row = { dimension: string; value: string } & Partial<Record<(typeof COLUMNS)[number], string | null>>

const p = named(periods)

/** Files the oldest day before `end`; answers the hour before which days may go now. */
export async function archiveDay(bucket: R2Bucket, d1: D1Database, site: string, end: Hour): Promise<Hour> {
  const oldest = await prepare(
    d1,
    sql`SELECT ${p.start} AS start FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.tier} = 'day' AND ${p.start} < ${end}
      ORDER BY ${p.start} LIMIT 1`,
  ).first<{ start: Hour }>()
  if (!oldest) return end
  const { start } = oldest
  const rows = await rowsOf(d1, site, start)
  if (rows.length) await bucket.put(objectKey(site, start), await parquetOf(rows, start))
  return Math.min(end, start + 24)
}

/** Deletes files of a site that was deleted; true once none are left. */
export async function purgeArchive(bucket: R2Bucket, site: string): Promise<boolean> {
  const { objects, truncated } = await bucket.list({ prefix: folderOf(site), limit: DELETE_BATCH })
  if (objects.length) await bucket.delete(objects.map(({ key }) => key))
  return !truncated
}

function folderOf(site: string): string {
  return `days/site=${site}/`
}

function objectKey(site: string, start: Hour): string {
  return `${folderOf(site)}${new Date(start * HOUR).toISOString().slice(0, 10)}.parquet`
}

/** A day's groups in every dimension. Key: (site, tier, dimension, start). */
async function rowsOf(d1: D1Database, site: string, start: Hour): Promise<Row[]> {
  const answers = await d1.batch<Row>(
    ROLLUPS.map(rollup => {
      const t = named(rollup.table, 't')
      return prepare(
        d1,
        sql`SELECT t.* FROM ${dimensionsIn(rollup, site, 'day')} AS n CROSS JOIN ${t.table}
          WHERE ${t.site} = ${site} AND ${t.tier} = 'day' AND ${t.dimension} = n.value AND ${t.start} = ${start}`,
      )
    }),
  )
  // Errors have a column of that name, which is no histogram.
  return answers.flatMap(({ results }) =>
    results.map(({ errors = null, ...row }) =>
      row.dimension === 'error' ? { ...row, error: errors } : { ...row, errors },
    ),
  )
}

async function parquetOf(rows: readonly Row[], start: Hour): Promise<ArrayBuffer> {
  // Loaded when it is wanted: an isolate that takes beacons does without.
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const day = new Date(start * HOUR)
  const texts = ['dimension', 'value', ...COLUMNS] as const
  return parquetWriteBuffer({
    columnData: [
      { name: 'day', data: rows.map(() => day) },
      ...texts.map(name => ({ name, data: rows.map(row => row[name] ?? null) })),
    ],
    schema: [
      { name: 'root', num_children: 1 + texts.length },
      { name: 'day', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
      ...texts.map(name => ({ name, ...TEXT })),
    ],
    createdBy: 'fieldline',
  })
}
