/** What stands behind the numbers: the time zone, the sampling and what it does to intervals, and what got lost. */

import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { Explain } from './explain.tsx'
import { few, moment, percent } from './format.ts'
import { ZONE } from './query.ts'

/** Below this many page views for a sample nothing was left out worth a word. */
const WORTH_A_WORD = 1.05

interface NoticeProps {
  summary: SummaryAnswer | null
  delivery: DeliveryAnswer | null
}

export function Notice({ summary, delivery }: NoticeProps) {
  const row = summary?.data[0]
  const one = row ? row.count / row.samples : 1
  const rates = delivery?.sampling ?? []
  return (
    <p class="soft">
      Times are UTC{ZONE}. {summary && `From ${moment(summary.from)} to ${moment(summary.to)}. `}
      {one > WORTH_A_WORD && (
        <strong>
          Sampled: each sample stands for {few(one)} page views. Intervals are about {few(Math.sqrt(one))}{' '}
          times as wide as without sampling.{' '}
        </strong>
      )}
      {rates.some(({ rate }) => rate > 1) &&
        `The worker kept ${rates.map(({ since, rate }) => `1 of ${rate} from ${moment(since)}`).join(', ')}. `}
      {!!delivery?.lost?.value && `About ${percent(delivery.lost.value)} of beacons never arrived.`}
      <Explain of="interval" said="What is an interval?" /> <Explain of="sampling" said="What is sampling?" />
    </p>
  )
}
