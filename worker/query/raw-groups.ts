/**
 * Raw rows as roll-up rows: a histogram for each group and bucket of time, for any combination of keys.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Hour } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { histograms, pivoted } from '../histogram/histogram-sql.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { keySql } from '../histogram/samples-sql.ts'
import { named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { added, type Distribution, NONE } from './distribution.ts'
import { matchesSample } from './filters.ts'
import type { GroupsQuery } from './groups-query.ts'
import type { RollupRow } from './rollup-rows.ts'
import type { Source } from './source.ts'

const p = named(pageviews, 'p')

/** The groups with the most weight, those first, and all beyond them as one row for each bucket. */
interface RawGroups {
  rows: RollupRow[]
  beyond: RollupRow[]
}

/** Reads the `limit` groups with the most weight; those beyond are added up where a rest is asked for. Key: (site, hour). */
export async function rawGroups(
  d1: Preparer,
  { filters, groupBy, rest, buckets }: GroupsQuery,
  source: Source,
  limit: number,
  { oneIn, where }: Selection,
): Promise<RawGroups> {
  const wanted = matchesSample({ ...filters, ...source.filters })
  const { step, offset } = buckets ?? { step: 1, offset: 0 }
  // Bound numbers would be REAL, and the division would not round.
  const [length, shift] = [sql.raw(String(step)), sql.raw(String(offset))]
  const start = buckets ? sql`(${p.hour} + ${shift}) / ${length} * ${length} - ${shift}` : sql`0`
  const samples = source.samples({
    oneIn,
    where: sql`${where} AND ${wanted}`,
    by: { value: sql`json_array(${sql.join(groupBy.map(keySql), sql`, `)})`, start },
  })
  const taken = rest ? sql.raw('true') : sql`place <= ${limit}`
  const { results } = await prepare(
    d1,
    sql`SELECT name AS value, start, ${listed(source.columns)} FROM (
        SELECT min(place, ${limit} + 1) AS rank, CASE WHEN place <= ${limit} THEN value END AS name, start, metric, histogram
        FROM (
          SELECT *, dense_rank() OVER (ORDER BY total DESC, value) AS place FROM (
            SELECT *, max(volume) OVER (PARTITION BY value) AS total FROM (
              SELECT *, sum(n) OVER (PARTITION BY value, metric) AS volume
              FROM (${histograms(samples, ['value', 'start'], source.kind)}))))
        WHERE ${taken})
      GROUP BY rank, name, start ORDER BY rank, start`,
  ).all<Listed>()
  return {
    rows: results.flatMap(({ value, ...row }) => (value === null ? [] : [{ ...row, value }])),
    beyond: results
      .filter(({ value }) => value === null)
      .map(row => ({ ...row, ...summed(row, source), value: '' })),
  }
}

/** A row as it is read: without a value, and with a list of histograms in each column, beyond the `limit`. */
type Listed = Omit<RollupRow, 'value'> & { start: Hour; value: string | null }

/** A column for each metric, with the histograms of its groups one after the other. */
function listed(columns: readonly string[]): SQL {
  return pivoted(columns, 'group_concat')
}

/** Adds up the histograms of each column; a text of all costs less to parse than a row for each. */
function summed(row: Listed, { columns }: Source): Record<string, string | null> {
  return Object.fromEntries(
    columns.map(column => {
      const parts: Distribution[] = row[column] ? JSON.parse(`[${row[column]}]`) : []
      return [column, parts.length ? JSON.stringify(added(parts.map(part => ({ ...NONE, ...part })))) : null]
    }),
  )
}
