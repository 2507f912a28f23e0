/**
 * The cron's part: a site's budgets that are due are judged, a change of state is noted and told, and what could not be
 * told before is tried again.
 */

import { and, asc, eq, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type BudgetRow, budgetEvents, budgets, messages } from '../../schema/storage/tables.ts'
import { counted, type Receipt } from '../store/statement.ts'
import { type Finding, judge } from './judge.ts'
import { announcement } from './message.ts'
import { deliver } from './webhook.ts'

/** A budget is judged again after so long, in ms; the cron comes every five minutes. */
const INTERVAL = 14 * 60_000
/** What judging a budget, noting how it stands and telling a message cost at most, in statements. */
export const COST = { look: 2, judge: 21, note: 3, tell: 3 }
/** What judging one costs as a rule. */
const USUAL = 6
/** Messages that are looked at, the oldest. */
const MAX_WAITING = 100

/** Judges what is due within `allowance` statements; answers the statements it took. */
export async function watch(
  d1: D1Database,
  site: { id: string; raw_days: number },
  now: number,
  allowance: number,
): Promise<number> {
  let left = allowance - COST.look
  const db = drizzle(d1)
  const due = await db
    .select()
    .from(budgets)
    .where(and(eq(budgets.site, site.id), lte(budgets.checked, now - INTERVAL)))
    .orderBy(asc(budgets.checked))
    .limit(Math.max(0, Math.floor(left / USUAL)))
  for (const budget of due) {
    if (left < COST.judge) break
    const receipt: Receipt = { statements: 0, read: 0 }
    try {
      await note(d1, budget, await judge(counted(d1, receipt), budget, now, site.raw_days), now)
    } catch (error) {
      console.error(`budget ${budget.id} of ${site.id} cannot be judged`, error)
      await postpone(d1, budget, now)
    }
    left -= receipt.statements + COST.note
  }
  left -= await tell(d1, site.id, now, left)
  return allowance - left
}

/**
 * Tells what waits, of each budget in the order in which it happened; answers the statements it took. One that fails says
 * enough of a site's only webhook, and may have taken seconds: the others wait for the next run.
 */
async function tell(d1: D1Database, site: string, now: number, allowance: number): Promise<number> {
  const waiting = await drizzle(d1)
    .select()
    .from(messages)
    .where(eq(messages.site, site))
    .orderBy(asc(messages.at))
    .limit(MAX_WAITING)
  let left = allowance
  const held = new Set<string>()
  for (const message of waiting) {
    if (message.due > now) held.add(message.budget)
    if (held.has(message.budget)) continue
    if (left < COST.tell) break
    left -= COST.tell
    if (!(await deliver(d1, message, now))) break
  }
  return allowance - left
}

/** Gives the others a turn: the one that waits longest comes first. */
async function postpone(d1: D1Database, { site, id }: BudgetRow, now: number): Promise<void> {
  await drizzle(d1)
    .update(budgets)
    .set({ checked: now })
    .where(and(eq(budgets.site, site), eq(budgets.id, id)))
}

/** Stores how a budget stands, and, where its state has changed, the event and what the webhook is to be told. */
export async function note(d1: D1Database, budget: BudgetRow, finding: Finding, now: number): Promise<void> {
  const { site, id } = budget
  const db = drizzle(d1)
  const changed = finding.state !== budget.state
  // What is unknown is told to nobody: it is neither a breach nor its end.
  const told = finding.state === 'no-data' ? budget.told : finding.state
  const update = db
    .update(budgets)
    .set({ ...finding, told, checked: now, ...(changed && { since: now }) })
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
  const body = JSON.stringify(announcement(budget, finding, now))
  await db.batch([update, event, db.insert(messages).values({ site, at: now, budget: id, body, due: now })])
}
