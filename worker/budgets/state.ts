/** Which state of a budget an interval proves. */

import type { BudgetState } from '../../schema/domain/budget-state.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'

/** A figure with its interval. */
export interface Bounds {
  value: number | null
  low: number | null
  high: number | null
}

export const UNKNOWN: Bounds = { value: null, low: null, high: null }

/** The state that the interval proves; where it proves none the one before, which after a gap is the one told last. */
export function stateOf(
  { state, told, max, minimum }: Pick<BudgetRow, 'state' | 'told' | 'max' | 'minimum'>,
  { value, low, high }: Bounds,
  effective: number,
): BudgetState {
  if (value === null || effective < minimum) return 'no-data'
  if (low !== null && low > max) return 'breached'
  if (high !== null && high <= max) return 'ok'
  return state === 'no-data' ? told : state
}
