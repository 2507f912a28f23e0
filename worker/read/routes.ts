/**
 * The read endpoints, by name.
 */

import { Hono } from 'hono'
import { parseBfcacheQuery } from '../../schema/api/bfcache.ts'
import { parseBlockingQuery } from '../../schema/api/blocking.ts'
import { parseCausesQuery } from '../../schema/api/causes.ts'
import { parseChangesQuery } from '../../schema/api/changes.ts'
import { parseDeliveryQuery } from '../../schema/api/delivery.ts'
import { parseErrorsQuery } from '../../schema/api/errors.ts'
import { parsePageViewsQuery } from '../../schema/api/pageviews.ts'
import { parseRangeQuery } from '../../schema/api/range.ts'
import { parseSummaryQuery } from '../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../schema/api/trends.ts'
import type { Hono as Types } from '../env.ts'
import { rowsHandler } from '../query/rows-endpoint.ts'
import { readBindingOf } from '../site/database.ts'
import { readBfcache } from './bfcache.ts'
import { readBlocking } from './blocking.ts'
import { causes } from './causes.ts'
import { readChanges } from './changes.ts'
import { delivery } from './delivery.ts'
import { readDeploys } from './deploys.ts'
import { readErrors } from './errors.ts'
import { onePageViewHandler } from './one-pageview.ts'
import { pageViews } from './pageviews.ts'
import { summarize } from './summary.ts'
import { readTimeseries } from './timeseries.ts'
import { readTrends } from './trends.ts'

export const readRoutes = new Hono<Types>()
  .get('/summary', rowsHandler({ parse: parseSummaryQuery, read: summarize, rows: ({ data }) => data }))
  .get('/causes', rowsHandler({ parse: parseCausesQuery, read: causes, rows: ({ data }) => data }))
  .get('/blocking', rowsHandler({ parse: parseBlockingQuery, read: readBlocking, rows: ({ data }) => data }))
  .get('/bfcache', rowsHandler({ parse: parseBfcacheQuery, read: readBfcache, rows: ({ data }) => data }))
  .get('/errors', rowsHandler({ parse: parseErrorsQuery, read: readErrors, rows: ({ data }) => data }))
  .get(
    '/timeseries',
    rowsHandler({
      parse: parseTimeseriesQuery,
      read: readTimeseries,
      rows: ({ data }) =>
        data.flatMap(({ points, ...row }) =>
          points.map(({ time, ...figures }) => ({ time, ...row, ...figures })),
        ),
    }),
  )
  .get('/pageviews', rowsHandler({ parse: parsePageViewsQuery, read: pageViews, rows: ({ data }) => data }))
  .get('/pageview', onePageViewHandler)
  .get('/trends', rowsHandler({ parse: parseTrendsQuery, read: readTrends, rows: ({ data }) => data }))
  .get('/changes', rowsHandler({ parse: parseChangesQuery, read: readChanges, rows: ({ data }) => data }))
  .get('/deploys', rowsHandler({ parse: parseRangeQuery, read: readDeploys, rows: ({ data }) => data }))
  .get('/delivery', c => {
    const all = c.get('caller').role === 'admin'
    return rowsHandler({
      parse: (params, now) => parseDeliveryQuery(params, now, all),
      read: (d1, query, site, now) =>
        delivery(d1, query, site, now, readBindingOf(site) === 'DB' ? d1 : c.env.DB),
      rows: ({ hours }) => hours,
    })(c)
  })
