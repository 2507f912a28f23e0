/**
 * One item of a site by its address, `/v1/sites/:site/budgets/:id`: its row, and what is answered where it is not there, or would be
 * one too many.
 */

import { and, eq, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Context } from 'hono'
import type { HTTPException } from 'hono/http-exception'
import type { Hono } from '../env.ts'
import { siteOf } from '../parameters.ts'
import { problem } from '../problem.ts'

/** The condition on the row that the address names. */
export function isItem(table: { site: SQLiteColumn; id: SQLiteColumn }, c: Context<Hono>): SQL | undefined {
  return and(eq(table.site, siteOf(c)), eq(table.id, c.req.param('id') ?? ''))
}

/** The 404: `Site shop has no budget 3f9c1b20d7e4.` */
export function noItem(c: Context<Hono>, kind: string): HTTPException {
  return problem(404, `Site ${siteOf(c)} has no ${kind} ${c.req.param('id')}.`, { field: 'id' })
}

/** The 409: `Site shop has 50 budgets: delete one first.` */
export function oneTooMany(c: Context<Hono>, kind: string, most: number): HTTPException {
  return problem(409, `Site ${siteOf(c)} has ${most} ${kind}s: delete one first.`, { field: 'site' })
}
