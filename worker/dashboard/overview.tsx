/** The first view: cards, the chosen metric over time, what it breaks down into and what it comes from. */

import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { Breakdown } from './breakdown.tsx'
import { Cards } from './cards.tsx'
import { Causes } from './causes.tsx'
import { Changed } from './changed.tsx'
import { Chart } from './chart.tsx'
import { Delivery } from './delivery.tsx'
import { lazy } from './lazy.tsx'
import { usePlace } from './link.tsx'
import { Notice } from './notice.tsx'
import { baseOf, pathOf, rangeOf } from './query.ts'
import { Trouble } from './section.tsx'
import { useAnswer } from './use-api.ts'

const FirstRun = lazy(() => import('./firstrun.tsx').then(({ FirstRun }) => FirstRun))

const ALL = 'lcp,inp,cls,fcp,ttfb,api'

export function Overview() {
  const [place] = usePlace()
  const base = baseOf(place)
  const path = pathOf('summary', { ...base, metrics: ALL, percentiles: place.p })
  const summary = useAnswer<SummaryAnswer>(path)
  const trends = useAnswer<TrendsAnswer>(pathOf('trends', { ...base, metrics: ALL, percentile: place.p }))
  const deliveryPath = pathOf('delivery', rangeOf(place))
  const delivery = useAnswer<DeliveryAnswer>(deliveryPath)
  const { metric } = place
  const row = summary.data?.data.find(row => row.metric === metric)
  return (
    <>
      {summary.error && !summary.data && (
        <div class="panel">
          <Trouble answer={summary} />
        </div>
      )}
      {summary.data?.data.length === 0 && <FirstRun />}
      <Changed />
      <Cards summary={summary} trends={trends} path={path} />
      <Notice summary={summary.data} delivery={delivery.data} />
      <Chart metric={metric} />
      <Breakdown metric={metric} total={row?.count ?? null} />
      {(metric === 'lcp' || metric === 'inp' || metric === 'cls') && <Causes metric={metric} />}
      <Delivery answer={delivery} path={deliveryPath} />
    </>
  )
}
