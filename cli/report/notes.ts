/** What a reader must know to trust the numbers: how many samples, which error, what is missing. */

import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import { NOTABLE } from '../../schema/domain/delivery-metrics.ts'
import type { ShareEstimate } from '../../schema/domain/share.ts'
import { percent, whole } from '../words.ts'
import type { Text } from './document.ts'
import { type Findings, isMissing } from './findings.ts'

export function notes({ vitals, trends, slowest, causes, errors, delivery }: Findings): Text[] {
  const gap = causes.find(isMissing)
  const sampled = Math.max(1, ...causes.map(answer => (isMissing(answer) ? 1 : answer.sampled)))
  const views = vitals.data.find(({ metric }) => metric === 'pageviews')
  const share = views ? views.samples / views.count : 1
  return [
    ['The p75 is the value that three of four page views stay within. It is not an average.'],
    [
      'The 95% interval says how far chance may have moved the p75. With few page views it is wide. A ? means that there ' +
        'are too few for a bound.',
    ],
    [
      'A trend is improving or degrading if the 95% interval of the change excludes "no change". It is stable if the change ' +
        'is under 10% with a confidence of 80% or more. Else it is unclear.',
    ],
    share > 0.999
      ? ['No page view was left out by sampling.']
      : [
          `About ${percent(share)} of page views are kept, ${whole(views?.samples ?? 0)} in all. The others are estimated from them.`,
        ],
    [
      `Percentiles are read from a histogram, within ${(vitals.relative_error * 100).toFixed(1)}% of the exact ones.`,
    ],
    ['What a browser cannot measure is missing, not zero. Firefox and Safari have no CLS.'],
    ...(isMissing(delivery) ? [] : losses(delivery, slowest.data.length > 0)),
    ...(sampled > 1 ? [[`Causes are read from one in ${sampled} of the page views kept.`]] : []),
    ...(gap ? [[`Causes are left out: ${gap.missing}`]] : []),
    ...(isMissing(errors) ? [[`Errors are left out: ${errors.missing}`]] : []),
    ...(isMissing(trends) ? [[`Trends are left out: ${trends.missing}`]] : []),
  ]
}

/** What never arrived or was left out. `hasCalls`: the report has calls, and says there how many of them are left out. */
function losses(
  { lost, loss_rate, calls_left_out, bots, refused, failed, shares, busiest_share }: DeliveryAnswer,
  hasCalls: boolean,
): Text[] {
  const turnedAway = Object.values(refused).reduce((total, count) => total + count, 0)
  return [
    ...(lost && lost.high > 0
      ? [
          [
            `About ${percent(lost.value)} of the beacons that browsers sent never arrived (an estimate; 95% interval ` +
              `${percent(lost.low)} to ${percent(lost.high)}). Their page views and late values are missing.`,
          ],
        ]
      : loss_rate
        ? [[`At least ${percent(loss_rate)} of the beacons that browsers sent never arrived.`]]
        : []),
    ...(turnedAway
      ? [[`${whole(turnedAway)} beacons were refused${part(shares.refused)}. /v1/delivery says why.`]]
      : []),
    ...(failed ? [[`${whole(failed)} beacons failed${part(shares.failed)}: the database took none.`]] : []),
    ...(busiest_share !== null && busiest_share > NOTABLE
      ? [[`One address may have sent up to ${percent(busiest_share)} of all beacons.`]]
      : []),
    ...(calls_left_out && !hasCalls
      ? [[`${whole(calls_left_out)} API calls are left out: a page view sends at most 64.`]]
      : []),
    ...(bots ? [[`${whole(bots)} beacons of bots are left out${part(shares.bots)}.`]] : []),
  ]
}

/** `, 5.3% (95% interval 5.1% to 5.6%)`: which share a count is; nothing where it is of nothing. */
function part(share: ShareEstimate | null | undefined): string {
  return share
    ? `, ${percent(share.value)} (95% interval ${percent(share.low)} to ${percent(share.high)})`
    : ''
}
