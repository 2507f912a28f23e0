/** The first view: cards, the chosen metric over time, what it breaks down into and what it comes from. */

import { useEffect, useMemo, useState } from 'preact/hooks'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
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
  const total = summary.data?.data.find(row => row.metric === metric)?.count ?? null
  // What is below a phone's first screen is drawn once that is painted: two tasks in place of a long one.
  const [isPainted, setPainted] = useState(false)
  useEffect(() => setPainted(true), [])
  // An answer draws anew what it is about, and not all of the page: on a phone that is a long task for each of them.
  const changed = useMemo(() => <Changed />, [])
  const chart = useMemo(() => <Chart metric={metric} />, [metric])
  const breakdown = useMemo(() => <Breakdown metric={metric} total={total} />, [metric, total])
  const causes = useMemo(() => hasCauses(metric) && <Causes metric={metric} />, [metric])
  return (
    <>
      {summary.error && !summary.data && (
        <div class="panel">
          <Trouble answer={summary} />
        </div>
      )}
      {summary.data?.data.length === 0 && <FirstRun />}
      {changed}
      <Cards summary={summary} trends={trends} path={path} />
      <Notice summary={summary.data} delivery={delivery.data} />
      {isPainted && (
        <>
          {chart}
          {breakdown}
          {causes}
          <Delivery answer={delivery} path={deliveryPath} />
        </>
      )}
    </>
  )
}

function hasCauses(metric: Metric): metric is 'lcp' | 'inp' | 'cls' {
  return metric === 'lcp' || metric === 'inp' || metric === 'cls'
}
