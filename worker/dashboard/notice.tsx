/** What stands behind the numbers: the time zone, the sampling and what it does to intervals, and what got lost. */

import type { DeliveryAnswer } from '../../schema/delivery.ts'
import type { SummaryAnswer } from '../../schema/summary.ts'
import { ZONE } from './question.ts'
import { moment, number, percent } from './words.ts'

/** Below this many page views for a sample nothing was left out worth a word. */
const WORTH_A_WORD = 1.05

export function Notice({
  summary,
  delivery,
}: {
  summary: SummaryAnswer | null
  delivery: DeliveryAnswer | null
}) {
  const vitals = summary?.data.filter(({ metric }) => metric !== 'api') ?? []
  const most = vitals.reduce((most, row) => (row.samples > (most?.samples ?? 0) ? row : most), vitals[0])
  const one = most ? most.count / most.samples : 1
  const rates = delivery?.sampling.filter(({ rate }, i, all) => rate > 1 || i < all.length - 1) ?? []
  return (
    <p class="notice soft">
      Times are in {zoneName()}. {summary && `From ${moment(summary.from)} until ${moment(summary.to)}. `}
      {one > WORTH_A_WORD && (
        <strong>
          Sampled: one sample stands for {number1(one)} page views, so intervals are about{' '}
          {number1(Math.sqrt(one))} times as wide as with all of them.{' '}
        </strong>
      )}
      {rates.some(({ rate }) => rate > 1) &&
        `The worker kept ${rates.map(({ since, rate }) => `1 of ${number(rate)} page views from ${moment(since)}`).join(', ')}. `}
      {(delivery?.loss_rate ?? 0) > 0.001 &&
        `At least ${percent(delivery?.loss_rate ?? 0)} of beacons never came. `}
      {summary &&
        `A percentile is at most ${(summary.relative_error * 100).toFixed(1)} % off that of its samples.`}
    </p>
  )
}

function zoneName(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  const offset = ZONE === '+00:00' ? 'UTC' : `UTC${ZONE}`
  return timeZone && timeZone !== 'UTC' && ZONE !== '+00:00' ? `${offset} (${timeZone})` : offset
}

const number1 = (value: number) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 })
