/**
 * Where the samples of a metric lie: the table of its roll-ups, the SQL of its raw samples, and what reading either costs.
 * Vitals share a source, since one row holds all five.
 */

import { type SQL, sql } from 'drizzle-orm'
import { BLOCKING, type Measure, PHASES, VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import {
  CALL_DIMENSIONS,
  isCapped,
  type Key,
  MARK_DIMENSIONS,
  type RollupColumn,
  type RollupDimension,
  type RollupTable,
  VIEW_DIMENSIONS,
  type ViewColumn,
} from '../histogram/dimensions.ts'
import { callHours, markHours, viewHours } from '../histogram/hours.ts'
import {
  callSamples,
  type GroupedSelection,
  listSamples,
  markSamples,
  type Selection,
  viewSamples,
} from '../histogram/samples-sql.ts'
import { texts } from '../store/names.ts'

const view = texts(pageviews, 'p')

/** D1 counts a sample when it is unpacked, when it is sorted, and about as often once more in its bucket (measured). */
const ROWS_A_SAMPLE = 3
/** A call or a mark is put into the list of its page view besides, sorted there, and unpacked again (measured). */
const ROWS_A_PAIR = 3
/**
 * Rows that D1 counts for a page view more, to rank the routes or releases of its hour, and for a group of its own, which
 * it is where a few of many routes are read (measured: 5 where groups are large, up to 13 where each is one page view).
 */
const RANKED = 12

export interface Source {
  /** The metrics it answers, in the order asked for. */
  metrics: readonly Measure[]
  /** The column of each in the roll-ups, and its name among the samples. */
  columns: readonly RollupColumn[]
  /** Null where nothing is rolled up. */
  table: RollupTable | null
  dimensions: readonly RollupDimension[]
  /** What the samples are filtered by beside the query's filters. */
  filters: { [K in Key]?: string }
  kind: 'views' | 'calls' | 'marks'
  /** The roll-up rows of page views whose hours have none. */
  hours(selection: Selection, dimensions: readonly RollupDimension[]): SQL
  /** Rows that D1 counts for a page view `p` in `hours`, by the dimension. */
  openCost(dimension: RollupDimension): SQL
  samples(selection: GroupedSelection): SQL
  /** Rows that D1 counts for a page view `p` that matches, to turn it into samples and these into histograms. */
  rawCost: SQL
}

type Viewed = Vital | 'pageviews' | 'errors'

/** The sources of some metrics: one for page views and all vitals, one for API calls, one for each measure. */
export function sourcesOf(metrics: readonly Measure[]): Source[] {
  const viewed = metrics.filter((metric): metric is Viewed =>
    ['pageviews', 'errors', ...VITALS].includes(metric),
  )
  const others = metrics.filter(metric => !(viewed as readonly string[]).includes(metric))
  return [...(viewed.length ? [viewSource(viewed)] : []), ...others.map(sourceOf)]
}

function viewSource(metrics: readonly Viewed[]): Source {
  const columns = metrics.map((metric): ViewColumn => (metric === 'pageviews' ? 'views' : metric))
  return {
    metrics,
    columns,
    table: 'rollups',
    dimensions: VIEW_DIMENSIONS,
    filters: {},
    kind: 'views',
    hours: (selection, dimensions) => viewHours(selection, dimensions, columns),
    openCost: dimension =>
      sql.raw(
        String(2 + columns.length * (dimension.keys.length ? 3 : 2) + (isRanked(dimension) ? RANKED : 0)),
      ),
    samples: selection => viewSamples(selection, columns),
    rawCost: sql.raw(String(ROWS_A_SAMPLE * columns.length)),
  }
}

function sourceOf(metric: Measure): Source {
  const common = { metrics: [metric], filters: {} }
  if (metric === 'api') {
    return {
      ...common,
      columns: ['api'],
      table: 'api_rollups',
      dimensions: CALL_DIMENSIONS,
      kind: 'calls',
      hours: callHours,
      openCost: dimension => openLists('calls', dimension),
      samples: callSamples,
      rawCost: unpacked('calls'),
    }
  }
  const [family, name = ''] = metric.split(':')
  const measure = { ...common, columns: ['measure'] } as const
  if (family === 'phase' || family === 'blocking') {
    const [column, names] = family === 'phase' ? (['phases', PHASES] as const) : ([family, BLOCKING] as const)
    const index = (names as readonly string[]).indexOf(name)
    return {
      ...measure,
      kind: 'views',
      table: null,
      dimensions: [],
      hours: () => {
        throw new Error(`${column} are not rolled up`)
      },
      openCost: () => sql`0`,
      samples: selection => listSamples(selection, column, index),
      rawCost: sql.raw(String(ROWS_A_SAMPLE)),
    }
  }
  return {
    ...measure,
    kind: 'marks',
    filters: { mark: name },
    table: 'measure_rollups',
    dimensions: MARK_DIMENSIONS,
    hours: markHours,
    openCost: dimension => openLists('marks', dimension),
    samples: markSamples,
    rawCost: unpacked('marks'),
  }
}

function unpacked(column: 'calls' | 'marks'): SQL {
  return sql.raw(`1 + ${ROWS_A_SAMPLE + ROWS_A_PAIR} * ${lists(column)}`)
}

/**
 * Each call, or mark, is unpacked, told its dimension, paired and sorted; to rank it, most of that is done once more
 * (measured: at most 7, ranked 14).
 */
function openLists(column: 'calls' | 'marks', dimension: RollupDimension): SQL {
  return sql.raw(isRanked(dimension) ? `2 + 14 * ${lists(column)}` : `1 + 7 * ${lists(column)}`)
}

/** Calls and marks are lists that begin with a name, in lists by beacon: `{"0":[["GET /",...],...]}`. */
function lists(column: 'calls' | 'marks'): string {
  return `((length(${view[column]}) - length(replace(${view[column]}, '["', ''))) / 2)`
}

/** True where the values of a key are ranked by their traffic, since the largest alone keep their name. */
export function isRanked({ keys }: RollupDimension): boolean {
  return keys.some(isCapped)
}

/** What the raw rows of some sources cost for a page view `p`, of which only those that match become samples. */
export function rawCostOf(sources: readonly Source[], matches: SQL): SQL {
  const costs = sources.map(source => sql`1 + CASE WHEN ${matches} THEN ${source.rawCost} ELSE 0 END`)
  return sql.join(costs, sql` + `)
}
