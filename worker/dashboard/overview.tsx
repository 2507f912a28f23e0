/** The first view: cards, the chosen metric over time, what it breaks down into and what it comes from. */

import { useEffect, useState } from 'preact/hooks'
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
import { firstOf } from './first.ts'
import { lazy } from './lazy.tsx'
import { usePlace } from './link.tsx'
import { Notice } from './notice.tsx'
import { Trouble } from './section.tsx'
import { useAnswer } from './use-api.ts'
import { useDrawn } from './use-drawn.ts'

const FirstRun = lazy(() => import('./firstrun.tsx').then(({ FirstRun }) => FirstRun))

/** Steps in which the panels below the cards are drawn. */
const BELOW = 3

export function Overview() {
  const [place] = usePlace()
  const paths = firstOf(place)
  const summary = useAnswer<SummaryAnswer>(paths.summary)
  const trends = useAnswer<TrendsAnswer>(paths.trends)
  const delivery = useAnswer<DeliveryAnswer>(paths.delivery)
  const { metric } = place
  const total = summary.data?.data.find(row => row.metric === metric)?.count ?? null
  // What is below a phone's first screen is drawn once that is painted, a panel at a time: short tasks in place of a long one.
  const [painted, paint] = useState(0)
  useEffect(() => paint(Math.min(painted + 1, BELOW)), [painted])
  // An answer draws anew what it is about, and not all of the page: on a phone that is a long task for each of them.
  const changed = useDrawn(() => <Changed />, [])
  const chart = useDrawn(() => <Chart metric={metric} />, [metric])
  const breakdown = useDrawn(() => <Breakdown metric={metric} total={total} />, [metric, total])
  const cards = useDrawn(
    () => <Cards summary={summary} trends={trends} path={paths.summary} />,
    [summary, trends, paths.summary],
  )
  const causes = useDrawn(() => hasCauses(metric) && <Causes metric={metric} />, [metric])
  return (
    <>
      {summary.error && !summary.data && (
        <div class="panel">
          <Trouble answer={summary} />
        </div>
      )}
      {summary.data?.data.length === 0 && <FirstRun />}
      {changed}
      {cards}
      <Notice summary={summary.data} delivery={delivery.data} />
      {painted > 0 && chart}
      {painted > 1 && breakdown}
      {painted > 2 && (
        <>
          {causes}
          <Delivery answer={delivery} path={paths.delivery} />
        </>
      )}
    </>
  )
}

function hasCauses(metric: Metric): metric is 'lcp' | 'inp' | 'cls' {
  return metric === 'lcp' || metric === 'inp' || metric === 'cls'
}
