/** What happens to each table while a site moves to another database, and in which order. */

import type { SQL } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as tables from '../../schema/storage/tables.ts'
import { addedCounts, mergedPeriods, mergedViews } from './merge.ts'

const { intake, pageviews, periods, rates, traffic } = tables

/**
 * The part of a table in a move.
 *
 * - `directory`: it stays where it is, in `DB`.
 * - `frozen`: nobody writes it from the begin on. What the cron makes, and what people set.
 * - `live`: beacons write it, first here and then there. It is copied, and what has changed since is merged.
 * - `counts`: beacons add to it. Its sums are added once nobody adds to them here any more.
 * - `rates`: frozen just before beacons go elsewhere, where the same rates must judge them.
 */
type Part = 'directory' | 'frozen' | 'live' | 'counts' | 'rates'

type TableName = keyof typeof tables

/** Every table: one that is left out here does not compile. */
const PARTS = {
  apiRollups: 'frozen',
  budgetEvents: 'frozen',
  budgets: 'frozen',
  collectors: 'frozen',
  deliveries: 'frozen',
  deploys: 'frozen',
  errorRollups: 'frozen',
  intake: 'counts',
  measureRollups: 'frozen',
  messages: 'frozen',
  moves: 'directory',
  pageviews: 'live',
  periods: 'live',
  rates: 'rates',
  rollups: 'frozen',
  rules: 'directory',
  segments: 'frozen',
  sites: 'directory',
  tokens: 'directory',
  traffic: 'counts',
  webhooks: 'frozen',
} as const satisfies Record<TableName, Part>

/** The tables of some parts. */
export function tablesOf(...parts: readonly Part[]): SQLiteTable[] {
  return Object.entries(tables)
    .filter(([name]) => parts.includes(PARTS[name as TableName]))
    .map(([, table]) => table)
}

export interface Step {
  phase: 'copy' | 'merge'
  table: SQLiteTable
  /** What happens to a row that is there; by default it stays. */
  merge?: SQL
  /** The hours of page views that may have changed since they were copied, instead of all rows. */
  changed?: true
}

const copied = (table: SQLiteTable): Step => ({ phase: 'copy', table })

/** In this order. Rates come last before beacons go to the new database, and periods before, so that late beacons mark them there. */
export const STEPS: readonly Step[] = [
  ...tablesOf('frozen').map(copied),
  ...[pageviews, periods, rates].map(copied),
  { phase: 'merge', table: traffic, merge: addedCounts(traffic) },
  { phase: 'merge', table: intake, merge: addedCounts(intake) },
  { phase: 'merge', table: pageviews, merge: mergedViews(), changed: true },
  { phase: 'merge', table: periods, merge: mergedPeriods() },
]
