/**
 * The read endpoints, by name.
 */

import { Hono } from 'hono'
import { parseCausesQuery } from '../../schema/api/causes.ts'
import { parseDeliveryQuery } from '../../schema/api/delivery.ts'
import { parsePageViewsQuery } from '../../schema/api/pageviews.ts'
import { parseSummaryQuery } from '../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../schema/api/trends.ts'
import type { Hono as Types } from '../env.ts'
import { answering } from '../query/endpoint.ts'
import { onKeptRows } from '../query/plan.ts'
import { causes } from './causes.ts'
import { delivery } from './delivery.ts'
import { pageViews } from './pageviews.ts'
import { summarizeKept } from './summary.ts'
import { timeseriesKept } from './timeseries.ts'
import { trendsKept } from './trends.ts'

export const readRoutes = new Hono<Types>()
  .get('/summary', answering({ parse: parseSummaryQuery, ask: summarizeKept, rows: ({ data }) => data }))
  .get('/causes', answering({ parse: parseCausesQuery, ask: onKeptRows(causes), rows: ({ data }) => data }))
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
