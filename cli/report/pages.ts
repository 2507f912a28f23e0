/** The routes of a report where most visitors wait, with their Core Web Vitals. */

import type { SummaryRow } from '../../schema/api/summary.ts'
import type { Measure } from '../../schema/domain/metrics.ts'
import { whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import type { Findings } from './findings.ts'
import { CORE, p75 } from './names.ts'

export function pagesSection({ routes }: Findings): Block[] {
  const names = [...new Set(routes.data.map(({ group }) => group.route ?? ''))]
  if (routes.data.every(row => row.rest)) return []
  const rowOf = (route: string, metric: Measure) =>
    routes.data.find(row => row.group.route === route && row.metric === metric)
  return [
    { kind: 'heading', words: 'Pages' },
    {
      kind: 'table',
      caption: 'Routes at the 75th percentile. Those where most page views have no good LCP come first.',
      left: 1,
      head: ['route', 'page views', ...CORE.map(metric => metric.toUpperCase())],
      rows: names.map(route => {
        const count = rowOf(route, 'pageviews')?.count ?? 0
        return [[{ code: route }], [whole(count)], ...CORE.map(metric => cell(rowOf(route, metric)))]
      }),
    },
  ]
}

/** A good value needs no word. */
function cell(row: SummaryRow | undefined): Text {
  if (!row) return ['no data']
  return row.rating === 'good' ? [p75(row)] : [p75(row), ' ', { rating: row.rating }]
}
