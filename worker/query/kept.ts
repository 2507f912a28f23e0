/**
 * What time is kept of a site, and so what part of its range a query is answered for: known before anything is read.
 *
 * Three things are kept for three lengths of time: days for `dayDays`, hours for `hourDays`, single page views (raw rows)
 * for `rawDays`. What roll-ups answer needs days or hours. What they do not answer needs raw rows.
 */

import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { tagOf } from '../../schema/domain/tag.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { badField } from '../problem.ts'
import { type Naming, tagsIn } from './declared.ts'
import type { GroupsQuery } from './groups-query.ts'
import { isRolledUp } from './reading.ts'

/** For how many days a site keeps what. */
export interface Retention {
  hourDays: number
  rawDays: number
  dayDays: number
  /** Unix ms before which they were deleted, as SiteRow has it. */
  hourFrom?: Ms
  rawFrom?: Ms
  dayFrom?: Ms
  /** Its declared tags, with the Unix time in ms from which on each is kept. */
  tags?: Readonly<Record<string, Ms>>
}

type RollupsKept = Pick<Retention, 'hourDays' | 'hourFrom' | 'dayDays' | 'dayFrom'>
type RowsKept = Pick<Retention, 'rawDays' | 'rawFrom' | 'tags'>

interface Range {
  from: Ms
  to: Ms
}

/**
 * A query of groups, for the part of its range of which everything that it needs is kept. Throws a 400 where only raw rows
 * could answer, and none are left of that time.
 *
 * Example: of a site that keeps hours for 90 days and rows for 30, on 1 June, the last 120 days begin on 1 February 10:00.
 * LCP by route is in day roll-ups, so the range begins on 1 February 00:00. LCP by route and country is not, so it begins
 * on 2 May, where the raw rows do.
 */
export function keptGroups<Q extends Pick<GroupsQuery, 'metrics' | 'groupBy' | 'filters'> & Range>(
  asked: Q,
  retention: Retention,
  now: Ms,
): Q {
  const query = sinceDeclared(asked, retention)
  const widened = keptDays(query, retention, now)
  const oldest = oldestRaw(retention, now)
  if (isRolledUp(query) || widened.from >= oldest) return widened
  return beginningAt(query, oldest, 'only single page views answer this combination')
}

/** A query that roll-ups answer, for the part of its range of which they are kept; a 400 where there is none. */
export function keptDays<Q extends Range>(query: Q, retention: RollupsKept, now: Ms): Q {
  const widened = toKeptHours(query, retention, now)
  const from = Math.max(widened.from, oldestDay(retention, now))
  return beginningAt(widened, from, 'days are kept no longer')
}

/** From when on all is kept that a query of groups needs, Unix ms. */
export function groupsKeptFrom(
  query: Pick<GroupsQuery, 'metrics' | 'groupBy' | 'filters'>,
  retention: Retention,
  now: Ms,
): Ms {
  if (!isRolledUp(query)) return rowsKeptFrom(query, retention, now)
  return Math.max(declaredFrom(query, retention), oldestDay(retention, now))
}

/** The same, of a query that reads raw rows alone. */
export function rowsKeptFrom(query: Naming, retention: RowsKept, now: Ms): Ms {
  return Math.max(declaredFrom(query, retention), oldestRaw(retention, now))
}

/** A query that reads raw rows alone, for the part of its range of which they are kept; a 400 where there is none. */
export function keptRows<Q extends Range & Naming>(asked: Q, retention: RowsKept, now: Ms): Q {
  const query = sinceDeclared(asked, retention)
  const from = Math.max(query.from, oldestRaw(retention, now))
  return beginningAt(query, from, 'single page views are kept no longer')
}

/** A query that names tags, for the part of its range in which they were declared; a 400 where there is none. */
function sinceDeclared<Q extends Range & Naming>(query: Q, retention: Pick<Retention, 'tags'>): Q {
  const from = Math.max(query.from, declaredFrom(query, retention))
  return beginningAt(query, from, 'the tag was declared then')
}

/** The hour in which the last of the tags that a query names was declared, Unix ms; 0 where it names none. */
function declaredFrom(query: Naming, { tags = {} }: Pick<Retention, 'tags'>): Ms {
  return Math.max(0, ...tagsIn(query).map(key => hourOf(tags[tagOf(key)] ?? 0) * HOUR))
}

function beginningAt<Q extends Range>(query: Q, from: Ms, reason: string): Q {
  if (query.to > from) return { ...query, from }
  throw badField({ field: 'to', detail: `must be after ${new Date(from).toISOString()}: ${reason}` })
}

/** Widens a range to whole days where it reaches back beyond the hours that are kept. */
export function toKeptHours<Q extends Range>(
  query: Q,
  { hourDays, hourFrom = 0 }: Pick<Retention, 'hourDays' | 'hourFrom'>,
  now: Ms,
): Q {
  const kept = Math.max(now - hourDays * DAY, hourFrom)
  const { from, to } = query
  return {
    ...query,
    from: from < kept ? Math.floor(from / DAY) * DAY : from,
    to: to < kept ? Math.ceil(to / DAY) * DAY : to,
  }
}

/** From when on (Unix ms, a whole day) roll-ups are sure to be there. */
function oldestDay({ dayDays, hourDays, dayFrom = 0 }: RollupsKept, now: Ms): Ms {
  return Math.floor(Math.max(now - Math.max(dayDays, hourDays) * DAY, dayFrom) / DAY) * DAY
}

/** From when on (Unix ms, a whole hour) raw rows are sure to be there. */
export function oldestRaw({ rawDays, rawFrom = 0 }: Pick<Retention, 'rawDays' | 'rawFrom'>, now: Ms): Ms {
  return Math.max((hourOf(now) - rawDays * 24) * HOUR, rawFrom)
}
