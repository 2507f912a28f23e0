/**
 * The histograms of roll-ups, from D1 to the worker. They are stored as `json_object` writes them:
 * `{"n":12,"s":12,"q":12.0,"good":9,"poor":1,"h":{"91":4,"245":8}}`, in a column for each metric.
 *
 * An answer of 200 routes reads 40,000 of them, and the free plan has 10 ms of CPU. So those of a row, or of a column in all rows of a
 * period, come as one text, without quotes, each of which would be escaped: `{n:12,s:12,...,h:{91:4,245:8}}|{n:...`. Those of open
 * hours may come in parts, one for each weight: `{n:12,...}+{n:8,...}|...`. histogram-reader.ts reads them, and makes one object of
 * those that are added up.
 */

import { type SQL, sql } from 'drizzle-orm'
import { BETWEEN, broken, endOf, type StoredHistogram, sumOf, type Unread } from './histogram-reader.ts'

/** SQL of the histograms in some columns as one text, for `unreadIn`. */
export function asText(columns: readonly SQL[]): SQL {
  const texts = columns.map(column => sql`coalesce(${column}, '')`)
  return sql`replace(${sql.join(texts, sql.raw(` || '${BETWEEN}' || `))}, '"', '')`
}

/** SQL of the histograms of a column in the rows of a group as such a text. */
export function asList(column: SQL): SQL {
  return sql`group_concat(replace(coalesce(${column}, ''), '"', ''), ${sql.raw(`'${BETWEEN}'`)})`
}

/** SQL of the texts of some rows as one, for `unreadRows`. */
export function asRows(columns: readonly SQL[]): SQL {
  return sql`group_concat(${asText(columns)}, ${sql.raw(`'${BETWEEN}'`)})`
}

/** The histograms of that text, in its order; null where there is none. All are where there are more or fewer, which is logged. */
export function unreadIn(text: string, count: number): (Unread | null)[] {
  const found = unreadOf(text)
  if (found.length === count) return found
  // Something broken has a bar of its own: nobody knows which histogram is whose.
  broken(text)
  return Array.from({ length: count }, () => null)
}

/** The same by row, of `count` histograms each; no row where there are more or fewer, which is logged. */
export function unreadRows(text: string, count: number): (Unread | null)[][] {
  const found = unreadOf(text)
  if (found.length % count === 0)
    return Array.from({ length: found.length / count }, (_, i) => found.slice(i * count, (i + 1) * count))
  broken(text)
  return []
}

function unreadOf(text: string): (Unread | null)[] {
  const found: (Unread | null)[] = []
  for (let from = 0; from <= text.length; ) {
    const end = endOf(text, from)
    found.push(end > from ? { text, from } : null)
    from = end + 1
  }
  return found
}

/** The histograms of that text, in its order; null where there is none, or where it is broken, which is logged. */
export function histogramsIn(text: string, columns: readonly string[]): (StoredHistogram | null)[] {
  return unreadIn(text, columns.length).map(one => one && sumOf([one]))
}

/** One histogram as it is stored. */
export function histogramOf(text: string): StoredHistogram | null {
  return histogramsIn(text.replaceAll('"', ''), [''])[0] ?? null
}
