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
import { CSV_ROWS } from './csv-rows.ts'
import { delivery } from './delivery.ts'
import { readDeploys } from './deploys.ts'
import { readErrors } from './errors.ts'
import { onePageViewHandler } from './one-pageview.ts'
import { pageViews } from './pageviews.ts'
import { summarize } from './summary.ts'
import { readTimeseries } from './timeseries.ts'
import { readTrends } from './trends.ts'

export const readRoutes = new Hono<Types>()
  .get('/summary', rowsHandler({ parse: parseSummaryQuery, read: summarize, ...CSV_ROWS.summary }))
  .get('/causes', rowsHandler({ parse: parseCausesQuery, read: causes, ...CSV_ROWS.causes }))
  .get('/blocking', rowsHandler({ parse: parseBlockingQuery, read: readBlocking, ...CSV_ROWS.blocking }))
  .get('/bfcache', rowsHandler({ parse: parseBfcacheQuery, read: readBfcache, ...CSV_ROWS.bfcache }))
  .get('/errors', rowsHandler({ parse: parseErrorsQuery, read: readErrors, ...CSV_ROWS.errors }))
  .get(
    '/timeseries',
    rowsHandler({
      parse: parseTimeseriesQuery,
      read: readTimeseries,
      ...CSV_ROWS.timeseries,
    }),
  )
  .get('/pageviews', rowsHandler({ parse: parsePageViewsQuery, read: pageViews, ...CSV_ROWS.pageviews }))
  .get('/pageview', onePageViewHandler)
  .get('/trends', rowsHandler({ parse: parseTrendsQuery, read: readTrends, ...CSV_ROWS.trends }))
  .get('/changes', rowsHandler({ parse: parseChangesQuery, read: readChanges, ...CSV_ROWS.changes }))
  .get('/deploys', rowsHandler({ parse: parseRangeQuery, read: readDeploys, ...CSV_ROWS.deploys }))
  .get('/delivery', c => {
    const all = c.get('caller').role === 'admin'
    return rowsHandler({
      parse: (params, now) => parseDeliveryQuery(params, now, all),
      read: (d1, query, site, now) =>
        delivery(d1, query, site, now, readBindingOf(site) === 'DB' ? d1 : c.env.DB),
      ...CSV_ROWS.delivery,
    })(c)
  })
