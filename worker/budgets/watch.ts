/**
 * The cron's part in budgets: it judges those that are due, stores a change of state with its messages, and sends what has not
 * arrived yet.
 */

import { and, asc, eq, getTableColumns, lte, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { budgetFilters, withinOf } from '../../schema/api/segments.ts'
import { HOUR, MINUTE } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import {
  type BudgetRow,
  budgetEvents,
  budgets,
  messages,
  type SiteRow,
  segments,
  webhooks,
} from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import { deploysOf } from '../read/deploys.ts'
import { listed, named } from '../store/names.ts'
import { counted, type Receipt } from '../store/statement.ts'
import { busiestShare } from './delivery.ts'
import { type Finding, judge } from './judge.ts'
import { announcement } from './message.ts'
import type { Kept } from './volume.ts'
import { deliver } from './webhook.ts'

const b = named(budgets, 'b')
const m = named(messages, 'm')
const w = named(webhooks, 'w')

/** A budget is judged again after so long, in ms; the cron comes every five minutes. */
const JUDGE_INTERVAL = 14 * MINUTE
/** What finding what is due, judging a budget, noting how it stands and telling a message take at most, in statements. */
const STATEMENTS = { find: 2, judge: 22, note: 4, tell: 3 }
/** Below this a run judges nothing. */
export const MIN_WATCH_STATEMENTS = STATEMENTS.find + STATEMENTS.judge
/** What judging one takes as a rule. */
const USUAL_STATEMENTS = 6
/** Messages that are looked at, the oldest. */
const MAX_WAITING = 100

/** SQL of whether `site` has a budget to judge, or a message to tell. Keys: (site). */
export function isWatched(site: SQL, now: Ms): SQL<0 | 1> {
  return sql`(EXISTS (SELECT 1 FROM ${b.table} WHERE ${b.site} = ${site} AND ${b.tried} <= ${now - JUDGE_INTERVAL})
    OR EXISTS (SELECT 1 FROM ${m.table} WHERE ${m.site} = ${site}))`
}

/** Judges what is due within `maxStatements`; answers the statements it took. */
export async function watch(
  d1: D1Database,
  site: Pick<SiteRow, 'id'> & Kept,
  now: Ms,
  maxStatements: number,
): Promise<number> {
  let left = maxStatements - STATEMENTS.find
  const db = drizzle(d1)
  const due = await db
    .select({ budget: budgets, filters: segments.filters })
    .from(budgets)
    .leftJoin(segments, and(eq(segments.site, budgets.site), eq(segments.id, budgets.segment)))
    .where(and(eq(budgets.site, site.id), lte(budgets.tried, now - JUDGE_INTERVAL)))
    .orderBy(asc(budgets.tried))
    .limit(Math.max(0, Math.floor(left / USUAL_STATEMENTS)))
  for (const { budget, filters: within } of due) {
    if (left < STATEMENTS.judge) break
    const receipt: Receipt = { statements: 0, read: 0 }
    try {
      await judgeOne(d1, budget, within, site, now, receipt)
    } catch (error) {
      logError(`budget ${budget.id} of ${site.id} cannot be judged`, error)
      await postpone(d1, budget, now)
    }
    left -= receipt.statements + STATEMENTS.note
  }
  left -= await tell(d1, site.id, now, left)
  return maxStatements - left
}

/** Judges a budget and notes how it stands; `within` are the filters of its segment. */
async function judgeOne(
  d1: D1Database,
  budget: BudgetRow,
  within: typeof segments.$inferSelect.filters | null,
  kept: Kept,
  now: Ms,
  receipt: Receipt,
): Promise<void> {
  // Without its filters it would be another promise.
  if (budget.segment !== null && !within) throw new Error(`segment ${budget.segment} is gone`)
  const filters = budgetFilters(budget, within && withinOf(budget.segment ?? '', within))
  if ('error' in filters) throw new Error(filters.error.detail)
  const counting = counted(d1, receipt)
  const finding = await judge(counting, budget, filters.ok, now, kept)
  const isNew = finding.state === 'breached' && budget.told !== 'breached'
  await note(d1, budget, finding, isNew ? await busiestShare(counting, budget, now) : null, now)
}

/**
 * Tells what waits, each webhook of each budget in the order in which it happened; answers the statements it took. One that
 * fails says enough of its webhook, and may have taken seconds: its others wait for the next run.
 */
async function tell(d1: D1Database, site: string, now: Ms, maxStatements: number): Promise<number> {
  const waiting = await drizzle(d1)
    .select()
    .from(messages)
    .where(eq(messages.site, site))
    .orderBy(asc(messages.at))
    .limit(MAX_WAITING)
  let left = maxStatements
  const held = new Set<string>()
  for (const message of waiting) {
    const { webhook } = message
    const order = `${webhook} ${message.budget}`
    if (message.due > now) held.add(order)
    if (held.has(order) || held.has(webhook)) continue
    if (left < STATEMENTS.tell) break
    left -= STATEMENTS.tell
    if (!(await deliver(d1, message, now))) held.add(webhook)
  }
  return maxStatements - left
}

/** Gives the others a turn: the one that waits longest comes first. It still says when it was judged last, so that it does not look well. */
async function postpone(d1: D1Database, { site, id }: BudgetRow, now: Ms): Promise<void> {
  await drizzle(d1)
    .update(budgets)
    .set({ tried: now })
    .where(and(eq(budgets.site, site), eq(budgets.id, id)))
}

/** Stores how a budget stands. If its state has changed, stores the event and the messages, too. */
async function note(
  d1: D1Database,
  budget: BudgetRow,
  finding: Finding,
  busiest: number | null,
  now: Ms,
): Promise<void> {
  const { site, id } = budget
  const db = drizzle(d1)
  const changed = finding.state !== budget.state
  // No message is sent of what is unknown: it is neither a breach nor its end.
  const told = finding.state === 'no-data' ? budget.told : finding.state
  const update = db
    .update(budgets)
    .set({ ...finding, told, checked: now, tried: now, ...(changed && { since: now }) })
    .where(and(eq(budgets.site, site), eq(budgets.id, id)))
  if (!changed) {
    await update
    return
  }
  const event = db.insert(budgetEvents).values({ site, at: now, budget: id, ...finding })
  if (told === budget.told) {
    await db.batch([update, event])
    return
  }
  const window = { site, from: now - budget.windowHours * HOUR, to: now + 1 }
  const [deploy] = told === 'breached' ? await deploysOf(d1, window, 1) : []
  const body = JSON.stringify(announcement(budget, finding, now, { deploy, busiest }))
  await db.batch([update, event, db.insert(messages).select(toWebhooks(site, id, body, now))])
}

/** The message, once for each webhook that is for this budget. Key: (site). */
function toWebhooks(site: string, budget: string, body: string, now: Ms): SQL {
  const columns: Record<keyof typeof messages.$inferSelect, SQL> = {
    site: w.site,
    at: sql`${now}`,
    budget: sql`${budget}`,
    webhook: w.id,
    body: sql`${body}`,
    attempts: sql`0`,
    due: sql`${now}`,
  }
  return sql`SELECT ${listed(...Object.keys(getTableColumns(messages)).map(name => columns[name as keyof typeof columns]))}
    FROM ${w.table} WHERE ${w.site} = ${site} AND (${w.budgets} IS NULL
      OR EXISTS (SELECT 1 FROM json_each(${w.budgets}) AS b WHERE b.value = ${budget}))`
}
