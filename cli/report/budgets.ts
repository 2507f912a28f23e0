/** The breached budgets of a report. */

import type { BudgetAnswer } from '../../schema/api/budgets.ts'
import { figureOf, subjectOf, writeLimit } from '../../schema/domain/budget-figure.ts'
import { format, hasPercentiles } from '../../schema/domain/metrics.ts'
import { interval, minute } from '../words.ts'
import type { Block, Text } from './document.ts'
import { type Findings, isMissing } from './findings.ts'

const WORDS = { breached: 'breached', ok: 'ok', 'no-data': 'with too little data' } as const

/** The states of the budgets, in a sentence. */
export function budgetsInShort({ budgets }: Pick<Findings, 'budgets'>): Text[] {
  if (isMissing(budgets) || !budgets.data.length) return []
  const counts = (['breached', 'ok', 'no-data'] as const).flatMap(state => {
    const count = budgets.data.filter(budget => budget.state === state).length
    return count ? `${count} ${WORDS[state]}` : []
  })
  return [[`Budgets: ${counts.join(', ')}.`]]
}

export function budgetsSection({ budgets }: Pick<Findings, 'budgets'>): Block[] {
  if (isMissing(budgets)) return []
  const breached = budgets.data.filter(({ state }) => state === 'breached')
  if (!breached.length) return []
  return [
    { kind: 'heading', words: 'Breached budgets' },
    {
      kind: 'table',
      caption: 'Budgets that are breached now: the whole 95% interval lies beyond the limit.',
      left: 2,
      head: ['budget', 'of', 'limit', 'now', '95% interval', 'since', 'release'],
      rows: breached.map(budget => [
        [
          { code: budget.metric },
          `${hasPercentiles(budget.metric) ? ` p${budget.percentile}` : ''} of ${budget.window_hours} h`,
        ],
        subject(budget),
        [writeLimit(budget)],
        [format(figureOf(budget), budget.value)],
        [interval(figureOf(budget), rangeOf(budget))],
        [`${minute(budget.since)} UTC`],
        budget.release === null ? [] : [{ code: budget.release }],
      ]),
    },
  ]
}

/** What it is about. */
function subject(budget: BudgetAnswer): Text {
  const parts = subjectOf(budget).flatMap(part => [{ code: part }, ' '])
  return parts.length ? parts.slice(0, -1) : ['the whole site']
}

function rangeOf({ value, low, high }: BudgetAnswer) {
  return value === null ? undefined : { value, low, high }
}
