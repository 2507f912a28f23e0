/**
 * What a check found: one line of its result, from an answer of the API.
 *
 * A metric fails where it is slower for certain (the verdict is degrading, so the 95% interval of its change leaves out
 * 0) and by more than is allowed. Where nobody can tell, it does not pass: that is too little data.
 */

import type { BudgetAnswer } from '../../schema/api/budgets.ts'
import type { TrendsRow } from '../../schema/api/trends.ts'
import { figureOf, subjectOf, writeLimit } from '../../schema/domain/budget-figure.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { format, hasPercentiles } from '../../schema/domain/metrics.ts'
import { change, interval, minute, signed, sure } from '../words.ts'

export interface Finding {
  outcome: 'ok' | 'breach' | 'not judged' | 'too little data'
  name: string
  /** All for a person. */
  limit: string
  before: string
  now: string
  detail: string
}

/** `row` is of that metric; undefined where nothing was measured. `max`: how much slower is allowed, as a share. */
export function judgeTrend(
  metric: string,
  row: TrendsRow | undefined,
  { max, percentile }: { max: number; percentile: string },
): Finding {
  const limit = signed(max)
  const before = valueOn(row, 'before')
  const now = valueOn(row, 'after')
  if (!row?.change || row.verdict === null)
    return {
      outcome: 'too little data',
      name: `${metric} p${percentile}`,
      limit,
      // Which of the two has none: a release that is written wrongly, say.
      before,
      now,
      detail: 'too little data',
    }
  const { verdict, confidence } = row
  const slower = row.change.ratio?.value ?? (row.change.difference.value > 0 ? Number.POSITIVE_INFINITY : 0)
  const outcome =
    verdict === 'degrading' && slower > max ? 'breach' : verdict === 'unclear' ? 'too little data' : 'ok'
  const how = confidence === null ? '' : `, ${sure(confidence)} sure`
  return {
    outcome,
    name: `${metric} p${percentile}`,
    limit,
    before,
    now,
    detail: `${verdict}${how}: ${change(row)}`,
  }
}

const valueOn = (row: TrendsRow | undefined, side: 'before' | 'after'): string =>
  row ? format(row.metric, row[side]?.value ?? null) : ''

/** A budget that nobody judged for so long says nothing of now, in ms. On the free plan, 50 sites wait for up to 3.4 hours. */
const STALE = 4 * HOUR

/** True where it was not judged lately, or never since it was made: the cron has stopped, or has far too much to do. */
export function isStale({ checked, since }: Pick<BudgetAnswer, 'checked' | 'since'>, now: number): boolean {
  return now - Date.parse(checked ?? since) > STALE
}

const OUTCOMES = { ok: 'ok', breached: 'breach', 'no-data': 'too little data' } as const

/** One that was breached when it was last judged fails, however long ago. */
export function judgeBudget(budget: BudgetAnswer, now: number): Finding {
  const { state, value, low, high, checked } = budget
  const unknown = checked === null ? 'not judged yet' : 'too little data'
  const figure = figureOf(budget)
  const isOld = isStale(budget, now)
  const last = checked && isOld ? `, not judged since ${minute(checked)} UTC` : ''
  return {
    outcome: isOld && state !== 'breached' ? 'not judged' : OUTCOMES[state],
    name: `budget ${nameOf(budget)}`,
    limit: writeLimit(budget),
    before: '',
    now: format(figure, value),
    detail: `${value === null ? unknown : `95% ${interval(figure, { value, low, high })}`}${last}`,
  }
}

/** What a budget is about: `lcp p75 of 24 h /p/[id] phone`. */
export function nameOf(budget: BudgetAnswer): string {
  const { metric, percentile, window_hours } = budget
  const of = hasPercentiles(metric) ? `${metric} p${percentile}` : metric
  return [`${of} of ${window_hours} h`, ...subjectOf(budget)].join(' ')
}
