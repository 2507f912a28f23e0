/** Six cards, one a metric: its percentile, rating, change and shares. Each leads to its metric. */

import type { SummaryAnswer, SummaryRow } from '../../schema/api/summary.ts'
import type { TrendsAnswer, TrendsRow } from '../../schema/api/trends.ts'
import { format, METRICS, type Metric, rate } from '../../schema/domain/metrics.ts'
import { TITLES } from '../../schema/domain/titles.ts'
import { Explain } from './explain.tsx'
import { Exports } from './exports.tsx'
import { count, countInterval, interval, RATING_WORDS, short, verdict } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Trouble } from './section.tsx'
import { ShareBar } from './sharebar.tsx'
import type { Answer } from './use-api.ts'

interface CardsProps {
  summary: Answer<SummaryAnswer>
  trends: Answer<TrendsAnswer>
  path: string
}

export function Cards({ summary, trends, path }: CardsProps) {
  const [{ p }] = usePlace()
  const metrics = Object.keys(METRICS) as Metric[]
  return (
    <section class="metrics" aria-label="Metrics" aria-busy={summary.busy || trends.busy}>
      <h2 class="hidden">Metrics, {p}th percentile</h2>
      <ul class="cards">
        {metrics.map(metric => (
          <Card
            key={metric}
            metric={metric}
            row={summary.data?.data.find(row => row.metric === metric)}
            trend={trends.data?.data.find(row => row.metric === metric)}
            instead={instead(summary)}
            change={trends.data || !trends.error ? '' : 'The change is not known.'}
          />
        ))}
      </ul>
      <Exports path={path} of="the metrics" />
      {summary.data && <Trouble answer={summary} />}
    </section>
  )
}

/** A request that failed is not the same as no data. */
function instead({ data, error }: Answer<SummaryAnswer>): string {
  if (data) return 'no data'
  return error ? 'not known' : '…'
}

interface CardProps {
  metric: Metric
  row: SummaryRow | undefined
  trend: TrendsRow | undefined
  /** What stands there where there is no figure. */
  instead: string
  /** What stands there where there is no trend. */
  change: string
}

function Card({ metric, row, trend, instead, change }: CardProps) {
  const [place] = usePlace()
  const figure = row?.percentiles[`p${place.p}`]
  const chosen = place.metric === metric
  const rating = figure && rate(metric, figure.value)
  return (
    <li class={`panel card ${chosen ? 'chosen' : ''}`}>
      <h3>
        <Link to={{ metric }} current={chosen}>
          {short(metric)}
        </Link>
        <Explain of={metric} />
        <span class="soft">{TITLES[metric]}</span>
      </h3>
      {row && figure && rating ? (
        <>
          <p class="value">
            {format(metric, figure.value)} <small>p{place.p}</small>
          </p>
          <p class={`rating ${rating}`}>{RATING_WORDS[rating]}</p>
          <p class="soft">{interval(metric, figure)}</p>
          <p class={trend?.verdict ?? 'soft'}>{trend ? verdict(trend) : change}</p>
          {row.shares && <ShareBar shares={row.shares} inWords />}
          <p class="soft">
            {count(row.count, metric === 'api' ? 'call' : 'page view')}
            {row.count_interval && <small> {countInterval(row.count_interval)}</small>},{' '}
            {count(row.samples, 'sample')}
          </p>
        </>
      ) : (
        <p class="value soft">{instead}</p>
      )}
    </li>
  )
}
