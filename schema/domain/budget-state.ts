/** What a budget can be found to be. */

export const BUDGET_STATES = ['ok', 'breached', 'no-data'] as const
export type BudgetState = (typeof BUDGET_STATES)[number]
