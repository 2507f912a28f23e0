/**
 * Raw rows as roll-up rows: a question and the page views to read go in, a histogram for each group and bucket of time comes
 * out, for any combination of keys.
 */

import { sql } from 'drizzle-orm'
import type { GroupedQuestion } from '../../schema/query.ts'
import { histograms, keySql, pivoted } from '../rollup/sql.ts'
import { type Preparer, prepare } from '../statement.ts'
import type { Buckets } from './buckets.ts'
import { fitting } from './fits.ts'
import type { RollupRow } from './rows.ts'
import type { Source } from './source.ts'
import type { Share } from './thin.ts'

/** The `limit` groups with the most weight come first. Key: (site, hour). */
export async function sampleRows(
  d1: Preparer,
  { filters, groupBy }: GroupedQuestion,
  source: Source,
  limit: number,
  buckets: Buckets | null,
  { share, where }: Share,
): Promise<RollupRow[]> {
  const wanted = fitting({ ...filters, ...source.filters })
  const { step, offset } = buckets ?? { step: 1, offset: 0 }
  const start = buckets
    ? sql`(p.hour + ${sql.raw(String(offset))}) / ${sql.raw(String(step))} * ${sql.raw(String(step))} - ${sql.raw(String(offset))}`
    : sql`0`
  const samples = source.samples({
    share,
    where: sql`${where} AND ${wanted}`,
    by: { value: sql`json_array(${sql.join(groupBy.map(keySql), sql`, `)})`, start },
  })
  const { results } = await prepare(
    d1,
    sql`SELECT value, start, ${pivoted(source.columns)} FROM (
        SELECT *, dense_rank() OVER (ORDER BY total DESC, value) AS place FROM (
          SELECT *, max(volume) OVER (PARTITION BY value) AS total FROM (
            SELECT *, sum(n) OVER (PARTITION BY value, metric) AS volume
            FROM (${histograms(samples, ['value', 'start'], source.kind)}))))
      WHERE place <= ${limit} GROUP BY place, value, start ORDER BY place, start`,
  ).all<RollupRow>()
  return results
}
