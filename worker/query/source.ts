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
import { sound } from '../histogram/safe-json.ts'
import { LEFT_OUT, type Selection } from '../histogram/samples-sql.ts'
import { named, texts } from '../store/names.ts'

const p = named(pageviews, 'p')
const view = texts(pageviews, 'p')

/**
 * Rows that D1 counts for a page view: to be read, told its dimension and sorted; at most one for each metric, where a group is too
 * large for letters that cost none (histogram/view-histograms); and those to rank the routes or releases of its hour (measured: 2 where
 * groups are large, 9 where each is one page view).
 */
const SORTED = 3
const RANKED = 9

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
  /** What is read of a single page view `p`, to take its samples in the worker (raw-samples.ts). */
  told: readonly SQL[]
  /** About how many samples it has, which are work for the worker. A call is read from JSON, and is twice the work. */
  work: SQL
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
    hours: (selection, dimensions) => viewHours(selection, dimensions, columns, false),
    openCost: dimension => sql.raw(String(SORTED + columns.length + (isRanked(dimension) ? RANKED : 0))),
    told: columns.map(column => sql.raw(column === 'views' ? '0' : view[column])),
    work: sql.raw(String(columns.length)),
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
      told: [p.calls, LEFT_OUT],
      work: sql.raw(`2 * ${lists('calls')}`),
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
      told: [sql.raw(`${sound(view[column])} ->> ${index}`)],
      work: sql`1`,
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
    told: [p.marks],
    work: sql.raw(lists('marks')),
  }
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

/** The work that a page view `p` is for some sources: to be read, and its samples. */
export function workOf(sources: readonly Source[], matches: SQL): SQL {
  const works = sources.map(({ work }) => sql`1 + ${work}`)
  return sql`CASE WHEN ${matches} THEN ${sql.join(works, sql` + `)} ELSE 0 END`
}
