/** The state of a budget, as a word in its colour. */

import type { BudgetAnswer } from '../../schema/api/budgets.ts'

export function State({ state }: { state: BudgetAnswer['state'] }) {
  return <span class={`state ${state}`}>{state === 'no-data' ? 'no data' : state}</span>
}
