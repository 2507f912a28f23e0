/** A percentile in the colour of its rating, with its interval beneath; the rating comes in words, too. */

import type { PercentileAnswer } from '../../schema/api/answer.ts'
import { type Budgeted, format, isRated, type Metric, rate } from '../../schema/domain/metrics.ts'
import { interval, RATING_WORDS } from './format.ts'

export function Figure({ metric, figure }: { metric: Budgeted; figure: PercentileAnswer | undefined }) {
  if (!figure) return <span class="soft">no data</span>
  const rating = isRated(metric) ? rate(metric, figure.value) : null
  const { low, high } = figure
  return (
    <span title={interval(metric, figure)}>
      <strong class={rating ?? ''}>{format(metric, figure.value)}</strong>
      {rating && <span class="hidden"> ({RATING_WORDS[rating]})</span>}{' '}
      <small>
        {low === null ? '' : format(metric, low)} – {high === null ? '' : format(metric, high)}
      </small>
    </span>
  )
}

/** A single value in the colour of its rating. */
export function Rated({ metric, value }: { metric: Metric; value: number | null }) {
  if (value === null) return <span class="soft">–</span>
  const rating = rate(metric, value)
  return (
    <span class={rating}>
      {format(metric, value)}
      <span class="hidden"> ({RATING_WORDS[rating]})</span>
    </span>
  )
}
