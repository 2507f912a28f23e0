/** The states of a budget. */

export const BUDGET_STATES = ['ok', 'breached', 'no-data'] as const
export type BudgetState = (typeof BUDGET_STATES)[number]

/** How a budget stands from `since` on whose promise is another now: what was found of the one before says nothing of it. */
export function unjudged(since: number) {
  const figures = { value: null, low: null, high: null, samples: 0, release: null, baseline: null }
  return { state: 'no-data', since, checked: 0, tried: 0, told: 'ok', ...figures } as const
}
