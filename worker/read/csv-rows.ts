/** The answers of questions as CSV: their rows, what such a row is, and the names that only the question or the site knows. */

import { BFCACHE_ROW, type BfcacheAnswer } from '../../schema/api/bfcache.ts'
import { BLOCKING_ROW, type BlockingAnswer } from '../../schema/api/blocking.ts'
import { CAUSE, type CausesAnswer } from '../../schema/api/causes.ts'
import { CHANGES_ROW, type ChangesAnswer } from '../../schema/api/changes.ts'
import { DELIVERY_HOUR, type DeliveryAnswer } from '../../schema/api/delivery.ts'
import { DEPLOY_ANSWER, type DeploysAnswer } from '../../schema/api/deploys.ts'
import { ERROR_ROW, type ErrorsAnswer } from '../../schema/api/errors.ts'
import { GROUP_KEYS } from '../../schema/api/filters.ts'
import { PAGEVIEW } from '../../schema/api/pageview.ts'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { SUMMARY_ROW, type SummaryAnswer, type SummaryQuery } from '../../schema/api/summary.ts'
import { TIMESERIES_POINT, type TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { TRENDS_ROW, type TrendsAnswer } from '../../schema/api/trends.ts'
import { tagKeys } from '../histogram/dimensions.ts'
import type { OpenNames } from '../query/columns.ts'
import type { Site } from '../site/sites.ts'

type Figures = Pick<SummaryQuery, 'groupBy' | 'percentiles'>
type Tagged = Pick<Site, 'tags'>

const dataOf = <T>({ data }: { data: T[] }) => data

const figures = ({ groupBy, percentiles }: Figures): OpenNames => ({
  group: groupBy,
  percentiles: percentiles.map(p => `p${p}`),
})

export const CSV_ROWS = {
  summary: { rows: dataOf<SummaryAnswer['data'][number]>, row: SUMMARY_ROW, open: figures },
  timeseries: {
    rows: ({ data }: TimeseriesAnswer) =>
      data.flatMap(({ points, ...row }) =>
        points.map(({ time, ...figures }) => ({ time, ...row, ...figures })),
      ),
    row: TIMESERIES_POINT,
    open: figures,
  },
  trends: { rows: dataOf<TrendsAnswer['data'][number]>, row: TRENDS_ROW, open: figures },
  changes: {
    rows: dataOf<ChangesAnswer['data'][number]>,
    row: CHANGES_ROW,
    /** Of any group that is compared. */
    open(_: unknown, { tags }: Tagged): OpenNames {
      const keys = [...GROUP_KEYS, ...tagKeys(tags)]
      return { group: keys, part_of: keys }
    },
  },
  causes: { rows: dataOf<CausesAnswer['data'][number]>, row: CAUSE },
  blocking: { rows: dataOf<BlockingAnswer['data'][number]>, row: BLOCKING_ROW },
  bfcache: { rows: dataOf<BfcacheAnswer['data'][number]>, row: BFCACHE_ROW },
  errors: { rows: dataOf<ErrorsAnswer['data'][number]>, row: ERROR_ROW },
  pageviews: {
    rows: dataOf<PageViewsAnswer['data'][number]>,
    row: PAGEVIEW,
    open: (_: unknown, { tags }: Tagged): OpenNames => ({ tags: Object.keys(tags) }),
  },
  deploys: { rows: dataOf<DeploysAnswer['data'][number]>, row: DEPLOY_ANSWER },
  delivery: { rows: ({ hours }: DeliveryAnswer) => hours, row: DELIVERY_HOUR },
}
