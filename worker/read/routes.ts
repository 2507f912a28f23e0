/**
 * The read endpoints, by name.
 */

import { Hono } from 'hono'
import { parseCausesQuery } from '../../schema/causes.ts'
import { parseDeliveryQuery } from '../../schema/delivery.ts'
import { parsePageViewsQuery } from '../../schema/pageviews.ts'
import { parseSummaryQuery } from '../../schema/summary.ts'
import { parseTimeseriesQuery } from '../../schema/timeseries.ts'
import { parseTrendsQuery } from '../../schema/trends.ts'
import type { Hono as Types } from '../env.ts'
import { answering } from './answer.ts'
import { causes } from './causes.ts'
import { delivery } from './delivery.ts'
import { exportRoute } from './export.ts'
import { pageViews } from './pageviews.ts'
import { onKeptRows } from './plan.ts'
import { metricsRoute } from './prometheus.ts'
import { summarizeKept } from './summary.ts'
import { timeseriesKept } from './timeseries.ts'
import { trendsKept } from './trends.ts'

export const readRoutes = new Hono<Types>()
  .get('/summary', answering({ parse: parseSummaryQuery, ask: summarizeKept, rows: ({ data }) => data }))
  .get('/causes', answering({ parse: parseCausesQuery, ask: onKeptRows(causes), rows: ({ data }) => data }))
  .get('/metrics', metricsRoute)
  .get('/export', exportRoute)
  .get(
    '/timeseries',
    answering({
      parse: parseTimeseriesQuery,
      ask: timeseriesKept,
      rows: ({ data }) =>
        data.flatMap(({ points, ...row }) =>
          points.map(({ time, ...figures }) => ({ time, ...row, ...figures })),
        ),
    }),
  )
  .get(
    '/pageviews',
    answering({ parse: parsePageViewsQuery, ask: onKeptRows(pageViews), rows: ({ data }) => data }),
  )
  .get('/trends', answering({ parse: parseTrendsQuery, ask: trendsKept, rows: ({ data }) => data }))
  .get('/delivery', c => {
    const all = c.get('caller').role === 'admin'
    return answering({
      parse: (params, now) => parseDeliveryQuery(params, now, all),
      ask: delivery,
      rows: ({ hours }) => hours,
    })(c)
  })
