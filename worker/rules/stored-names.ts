/**
 * The names that a site's roll-ups hold of its routes and endpoints, the busiest of yesterday, with their traffic; of the last
 * 24 hours where there is no yesterday.
 */

import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { isReserved } from '../../schema/domain/names.ts'
import { KINDS, type Kind } from '../../schema/domain/naming.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { groupsOf } from '../query/distributions.ts'
import { MAX_READ } from '../query/subsample.ts'
import { counted, type Receipt } from '../store/statement.ts'

export interface StoredName {
  kind: Kind
  name: string
  /** Page views, or calls. */
  count: number
}

interface StoredNames {
  from: Ms
  to: Ms
  names: StoredName[]
  /** Rows that D1 read. */
  read: number
}

const METRIC = { route: 'pageviews', endpoint: 'api' } as const
/** Names of each kind: what a roll-up keeps. */
const LIMIT = 200

export async function storedNames(d1: D1Database, site: string, now: Ms): Promise<StoredNames> {
  const today = Math.floor(now / DAY) * DAY
  const yesterday = await namesIn(d1, { site, from: today - DAY, to: today }, now)
  if (yesterday.names.length) return yesterday
  const to = (hourOf(now) + 1) * HOUR
  const latest = await namesIn(d1, { site, from: to - DAY, to }, now, MAX_READ - yesterday.read)
  return { ...latest, read: latest.read + yesterday.read }
}

async function namesIn(
  d1: D1Database,
  range: { site: string; from: Ms; to: Ms },
  now: Ms,
  reads = MAX_READ / 2,
): Promise<StoredNames> {
  const receipt: Receipt = { statements: 0, read: 0 }
  const found = await Promise.all(
    KINDS.map(async kind => {
      const query = { ...range, filters: {}, groupBy: [kind], limit: LIMIT, metrics: [METRIC[kind]] }
      const { groups } = await groupsOf(counted(d1, receipt), query, now, { reads: reads / KINDS.length })
      return groups.flatMap(({ values, distribution }) => {
        const name = values[kind]
        return name && !isReserved(name) ? [{ kind, name, count: Math.round(distribution.n) }] : []
      })
    }),
  )
  const { from, to } = range
  return { from, to, names: found.flat(), read: receipt.read }
}
