/**
 * The cron's part: a site's budgets that are due are judged, a change of state is noted and told, and what could not be
 * told before is tried again.
 */

import { and, asc, eq, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type BudgetRow, budgetEvents, budgets, messages } from '../../schema/tables.ts'
import { type Finding, judge } from './judge.ts'
import { announcement } from './message.ts'
import { deliver } from './webhook.ts'

/** A budget is judged again after so long, in ms; the cron comes every five minutes. */
const INTERVAL = 14 * 60_000
/** What judging a budget and telling a message cost at most, in statements. */
export const COST = { look: 2, judge: 12, tell: 3 }

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
    .limit(Math.max(0, Math.floor(left / COST.judge)))
  const oldest = now - site.raw_days * 86_400_000
  for (const budget of due) {
    left -= COST.judge
    await note(d1, budget, await judge(d1, budget, oldest, now), now)
  }
  const waiting = await db
    .select()
    .from(messages)
    .where(and(eq(messages.site, site.id), lte(messages.due, now)))
    .orderBy(asc(messages.due))
    .limit(Math.max(0, Math.floor(left / COST.tell)))
  for (const message of waiting) {
    left -= COST.tell
    await deliver(d1, message, now)
  }
  return allowance - left
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
