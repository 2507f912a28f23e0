/** What stands behind the numbers: their time, what was left out when it came in, what was left out when it was read, and what got lost. */

import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { Explain } from './explain.tsx'
import { few, moment, percent } from './format.ts'
import { usePlace } from './link.tsx'

/** Below this many page views for a sample nothing was left out worth a word. */
const WORTH_A_WORD = 1.05

interface NoticeProps {
  summary: SummaryAnswer | null
  delivery: DeliveryAnswer | null
}

export function Notice({ summary, delivery }: NoticeProps) {
  const [{ metric }] = usePlace()
  const row = summary?.data.find(row => row.metric === metric) ?? summary?.data[0]
  const read = summary?.sampled ?? 1
  // At most so much of it is what reading left out; the rest is what never was stored.
  const stored = row?.samples ? row.count / row.samples / read : 1
  const rates = (delivery?.sampling ?? []).filter(({ rate }) => rate > 1)
  return (
    <p class="soft">
      {summary && `From ${moment(summary.from)} to ${moment(summary.to)}. `}
      {stored > WORTH_A_WORD && (
        <>
          <strong>
            Sampled: each stored page view stands for {read > 1 && 'at least '}
            {few(stored)}. Intervals are about {few(Math.sqrt(stored))} times as wide as without sampling.
          </strong>{' '}
          {rates.length > 0 &&
            `The worker kept ${rates.map(({ since, rate }) => `1 of ${rate} from ${moment(since)}`).join(', ')}. `}
        </>
      )}
      {read > 1 &&
        `Read from one in ${read} of the stored page views, to read few rows; all are kept. A shorter range reads more. `}
      {!!delivery?.lost?.value && `About ${percent(delivery.lost.value)} of beacons never arrived.`}
      <Explain of="interval" said="What is an interval?" /> <Explain of="sampling" said="What is sampling?" />
    </p>
  )
}
