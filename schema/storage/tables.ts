/**
 * The tables of D1, as Drizzle sees them. Drizzle has no words for STRICT and WITHOUT ROWID: the migrations add
 * them by hand, and a test holds that every table has both.
 */

import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { BudgetState } from '../domain/budget-state.ts'
import type { Budgeted } from '../domain/metrics.ts'
import type { Grains, Hour, Ms, OneIn } from '../domain/units.ts'
import type { Navigation } from '../wire/pageview.ts'

export type Tier = 'hour' | 'day'

/** The key of a roll-up. `start` is in hours since 1970 in both tiers; `value` is a JSON list (see worker/histogram/dimensions). */
const period = {
  site: text().notNull(),
  tier: text().$type<Tier>().notNull(),
  dimension: text().notNull(),
  start: integer().$type<Hour>().notNull(),
  value: text().notNull(),
}

/** `copy`: the new database is filled. `merge`: beacons go there, and what came to the old one lately follows. `purge`: the old rows go. */
export type MovePhase = 'copy' | 'merge' | 'purge'

/** A site that may send beacons. This table, `tokens` and `rules` are read in the database `DB` alone, wherever a site's rows lie. */
export const sites = sqliteTable('sites', {
  id: text().primaryKey(),
  /** JSON list of allowed origins: `https://shop.example`, `https://*.shop.example`, `http://localhost:*`, `*`. */
  origins: text({ mode: 'json' }).$type<string[]>().notNull(),
  /** 32 hex digits, secret: the key of the hash that decides which page views are kept. */
  key: text().notNull(),
  /** The worker keeps at most 1 of `rate` page views; a power of two, so that samples nest. */
  rate: integer().$type<OneIn>().notNull().default(1),
  /** Beacons that may be stored a day: the controller raises the rate to stay below. */
  rowsPerDay: integer('rows_per_day').notNull().default(25_000),
  /**
   * Bytes of raw rows that may be stored a day; the same controller keeps them. 14 days of the default fit into the free plan's
   * 500 MB together with the roll-ups of 40 routes and 20 endpoints: docs/deploying.md has their sizes, as measured.
   */
  bytesPerDay: integer('bytes_per_day').notNull().default(11_000_000),
  /** The most page views that one may stand for by the browser's own sampling; a beacon that says more is refused. */
  maxWeight: integer('max_weight').notNull().default(10),
  /** JSON object of the tags that are kept: name -> Unix time in ms from which on. */
  tags: text({ mode: 'json' }).$type<Record<string, Ms>>().notNull().default({}),
  /** Days that raw rows, hour roll-ups and day roll-ups are kept. */
  rawDays: integer('raw_days').notNull().default(14),
  hourDays: integer('hour_days').notNull().default(35),
  dayDays: integer('day_days').notNull().default(760),
  /** Unix time in ms before which each of them was deleted, where its days have been raised since: longer days bring nothing back. */
  rawFrom: integer('raw_from').$type<Ms>().notNull().default(0),
  hourFrom: integer('hour_from').$type<Ms>().notNull().default(0),
  dayFrom: integer('day_from').$type<Ms>().notNull().default(0),
  /** Where a trace is shown: `https://tempo.example/trace/{trace}`. */
  traceLink: text('trace_link'),
  /** Unix time in ms. */
  created: integer().$type<Ms>().notNull(),
  /** Unix time in ms at which it was deleted; its rows go in the background, then this one. */
  deleted: integer().$type<Ms>(),
  /** The binding of the database in which its rows lie, and into which beacons go: `DB`, `DB_2`, ... */
  database: text().notNull().default('DB'),
  /** What a move to another database is at; null: it does not move. */
  moving: text().$type<MovePhase>(),
  /** The other database of a move: where it goes to while `copy`, where it comes from afterwards. */
  other: text(),
  /** Unix time in ms at which questions went to the new database. */
  moved: integer().$type<Ms>(),
})

/** Tokens that may read one site. The secret itself is known to its bearer alone. */
export const tokens = sqliteTable(
  'tokens',
  {
    site: text().notNull(),
    /** 12 hex digits, part of the token. */
    id: text().notNull(),
    name: text().notNull(),
    /** SHA-256 of the token's secret, in hex. */
    hash: text().notNull(),
    /** Unix time in ms. */
    created: integer().$type<Ms>().notNull(),
    /** Unix time in ms from which on it is refused; null for never. */
    expires: integer().$type<Ms>(),
  },
  table => [primaryKey({ columns: [table.site, table.id] })],
)

/** The worker's sampling rate over time: from `since` (Unix ms) on, 1 of `rate` page views that began then is kept. */
export const rates = sqliteTable(
  'rates',
  {
    site: text().notNull(),
    since: integer().$type<Ms>().notNull(),
    rate: integer().$type<OneIn>().notNull(),
  },
  table => [primaryKey({ columns: [table.site, table.since] })],
)

/** A site's naming rules over time: those of the latest `since` (Unix ms) name what arrives. Read with the site, by key. */
export const rules = sqliteTable(
  'rules',
  {
    site: text().notNull(),
    since: integer().$type<Ms>().notNull(),
    /** JSON of schema/domain/naming. */
    naming: text().notNull(),
  },
  table => [primaryKey({ columns: [table.site, table.since] })],
)

/** Beacons by the minute, as the isolates report them: what the sampling controller steers by. */
export const traffic = sqliteTable(
  'traffic',
  {
    site: text().notNull(),
    /** Minutes since 1970. */
    minute: integer().notNull(),
    seen: integer().notNull(),
    stored: integer().notNull(),
    /** Bytes of what was stored. */
    bytes: integer().notNull().default(0),
  },
  table => [primaryKey({ columns: [table.site, table.minute] })],
)

/**
 * One row per page view. The primary key is the only index, so a beacon writes one billed row.
 * Vitals in grains (ms; CLS in thousandths), null where there is no data.
 */
export const pageviews = sqliteTable(
  'pageviews',
  {
    site: text().notNull(),
    /** Hours since 1970 at which the page view began, by the worker's clock. */
    hour: integer().$type<Hour>().notNull(),
    /** 16 hex digits: a keyed hash of the id that the browser drew (ingest/sample). */
    id: text().notNull(),
    /** Unix time in ms at which the page view began, by the worker's clock. */
    began: integer().$type<Ms>().notNull(),
    /** Number of the newest beacon stored. */
    sequence: integer().notNull(),
    /** Page views that this one stands for: client rate times server rate. */
    weight: integer().notNull(),
    navigation: text().$type<Navigation>().notNull(),
    route: text().notNull(),
    release: text(),
    country: text(),
    device: text().notNull(),
    browser: text(),
    /** Major version. */
    browserVersion: integer('browser_version'),
    os: text(),
    connection: text(),
    lcp: integer().$type<Grains>(),
    inp: integer().$type<Grains>(),
    cls: integer().$type<Grains>(),
    fcp: integer().$type<Grains>(),
    ttfb: integer().$type<Grains>(),
    /** JSON list of ms from navigation start, in the order of `PHASES`. */
    phases: text(),
    /** JSON list: the Server-Timing of the document, as that of a call. */
    server: text(),
    /** The trace of the document. */
    trace: text(),
    /** JSON object: beacon number -> calls in the beacon's wire form, so that a replay overwrites itself. */
    calls: text().notNull().default('{}'),
    /** JSON object: the causes in the beacon's wire form. */
    why: text(),
    /** JSON list in the beacon's wire form: ms blocked until the load, after it, and by which hosts; null: not told. */
    blocking: text(),
    /** JSON list: why the page to which its visitor came back was not restored; null: it was, or nobody came back, or not told. */
    bfcache: text(),
    /** JSON object: beacon number -> marks in the beacon's wire form. */
    marks: text().notNull().default('{}'),
    /** JSON object: declared tag -> value; null where there is none. */
    tags: text(),
    /** One bit for each beacon that came, the lowest for number 0: with `sequence` it tells how many were lost. See row.ts. */
    received: integer().notNull().default(0),
    /** Calls beyond what is sent of one page view. */
    dropped: integer().notNull().default(0),
    /** Calls and marks that were sent, but are too many, or too fat, to be kept. */
    callsCut: integer('calls_cut').notNull().default(0),
    marksCut: integer('marks_cut').notNull().default(0),
    /** Uncaught errors and unhandled rejections; null where nobody looked. */
    errors: integer(),
    /** JSON list of those that differ, at most 8 (schema/storage/row); null where there are none. */
    errorList: text('error_list'),
  },
  table => [primaryKey({ columns: [table.site, table.hour, table.id] })],
)

/**
 * Distributions of page views, for queries that cost the same at any traffic. One row for each period, dimension and
 * value; a vital's column is a JSON `Histogram`, null where no page view had it.
 */
export const rollups = sqliteTable(
  'rollups',
  {
    ...period,
    lcp: text(),
    inp: text(),
    cls: text(),
    fcp: text(),
    ttfb: text(),
    /** The same of the number of errors; `good` are page views without one. */
    errors: text(),
    /** JSON `{n, s, q}` of the page views themselves, whatever they measured; null in roll-ups of before it was kept. */
    views: text(),
  },
  table => [primaryKey({ columns: [table.site, table.tier, table.dimension, table.start, table.value] })],
)

/** The same for API calls; the histogram carries the weights of failed and aborted calls, too. */
export const apiRollups = sqliteTable('api_rollups', { ...period, api: text().notNull() }, table => [
  primaryKey({ columns: [table.site, table.tier, table.dimension, table.start, table.value] }),
])

/** The same for custom measures and load phases; thresholds and shares mean nothing there. */
export const measureRollups = sqliteTable(
  'measure_rollups',
  { ...period, measure: text().notNull() },
  table => [primaryKey({ columns: [table.site, table.tier, table.dimension, table.start, table.value] })],
)

/**
 * Errors by their fingerprint: the dimension `error`, whose value is a JSON list of kind, message, script, line and column,
 * or `["(other)"]`.
 */
export const errorRollups = sqliteTable(
  'error_rollups',
  {
    ...period,
    /** JSON of `ErrorSum`: page views and errors, when first and last seen, releases and browsers. */
    errors: text().notNull(),
  },
  table => [primaryKey({ columns: [table.site, table.tier, table.dimension, table.start, table.value] })],
)

/**
 * Which periods are rolled up. No row: not yet. `clean`: the roll-up holds all raw rows. `dirty`: a beacon came later.
 * `sealed`: what it was made from (an hour's raw rows, a day's hours) is being deleted, so the roll-up is final.
 */
export const periods = sqliteTable(
  'periods',
  {
    site: text().notNull(),
    tier: text().$type<Tier>().notNull(),
    start: integer().$type<Hour>().notNull(),
    state: text().$type<'clean' | 'dirty' | 'sealed'>().notNull(),
    /** The hour since 1970 in which it was last rolled up. */
    rolled: integer().$type<Hour>().notNull(),
    /** What it has cost within a day to roll it up again, in rows written (histogram/late); of the first time nothing. */
    again: integer().notNull().default(0),
  },
  table => [
    primaryKey({ columns: [table.site, table.tier, table.start] }),
    // The cron looks for these every five minutes, and there are next to none.
    index('periods_dirty').on(table.site, table.tier, table.start, table.rolled).where(sql`state = 'dirty'`),
  ],
)

/**
 * The fates of the beacons that reached the worker, by the hour in which they came, as its isolates report it: lower
 * bounds, since what an isolate has not reported when it ends is lost. Site '' counts those for sites that do not exist.
 * Each beacon is one of accepted, refused, bots, ignored, failed; each accepted one is one of stored, sampled, queued, late.
 */
export const intake = sqliteTable(
  'intake',
  {
    site: text().notNull(),
    /** Hours since 1970. */
    hour: integer().$type<Hour>().notNull(),
    /** Beacons that passed every check. */
    accepted: integer().notNull().default(0),
    stored: integer().notNull().default(0),
    /** Left out by the worker's sampling. */
    sampled: integer().notNull().default(0),
    /** Handed to the queue. */
    queued: integer().notNull().default(0),
    /** Told of an hour or a page view that takes no more news; not stored. */
    late: integer().notNull().default(0),
    /** Of the accepted ones: sent with the admin token, by an importer. */
    imported: integer().notNull().default(0),
    /** Answered 503: nothing durable took them. */
    failed: integer().notNull().default(0),
    bots: integer().notNull().default(0),
    /** Of page views that a naming rule ignores; not stored. */
    ignored: integer().notNull().default(0),
    /** Of the accepted ones, and of those that failed: the stream of the lake (worker/ingest/lake) did not take them. */
    lakeFailed: integer('lake_failed').notNull().default(0),
    /** Tags of accepted beacons that are not kept: not declared, or with a value that looks like an address or a token. */
    tagsUndeclared: integer('tags_undeclared').notNull().default(0),
    tagsUnfit: integer('tags_unfit').notNull().default(0),
    /** Refused, by the check that they did not pass. */
    refusedSite: integer('refused_site').notNull().default(0),
    refusedOrigin: integer('refused_origin').notNull().default(0),
    refusedRate: integer('refused_rate').notNull().default(0),
    refusedSize: integer('refused_size').notNull().default(0),
    refusedField: integer('refused_field').notNull().default(0),
    refusedWeight: integer('refused_weight').notNull().default(0),
    /** Beacons of the address that sent most to each isolate: what one address sent to all of them is at most this. */
    busiest: integer().notNull().default(0),
    /** Writes that isolates asked for. Of many one stands for several: its counts are multiplied. */
    reports: integer().notNull().default(0),
    /** The most that one write stands for; 1: all counts are exact. */
    oneIn: integer('one_in').$type<OneIn>().notNull().default(1),
  },
  table => [primaryKey({ columns: [table.site, table.hour] })],
)

/**
 * How much of what was sent arrived, by the hour in which the page views began; made by the hour's roll-up. Numbers of
 * rows, without weights but for `dropped`.
 */
export const deliveries = sqliteTable(
  'deliveries',
  {
    site: text().notNull(),
    /** Hours since 1970. */
    hour: integer().$type<Hour>().notNull(),
    pageviews: integer().notNull(),
    /** Of each page view the newest beacon that came, and the first if there were others; in older rows all that were sent. */
    sent: integer().notNull(),
    received: integer().notNull(),
    /** Calls beyond what is sent of one page view, weighed; rows that are older than this column's weights have none. */
    dropped: integer().notNull(),
    /** Page views with beacons before the last one that came; 0 in older rows, like the sums of squares below. */
    followed: integer().notNull().default(0),
    /** By page view, of the beacons that count before the last one that came: sums of missing², missing * all, and all². */
    missingSquared: integer('missing_squared').notNull().default(0),
    missingBefore: integer('missing_before').notNull().default(0),
    beforeSquared: integer('before_squared').notNull().default(0),
    /** Page views of which a column of JSON is broken. */
    unreadable: integer().notNull().default(0),
    /** What the page views stand for: the sum of their weights; 0 in older rows. */
    weight: integer().notNull().default(0),
  },
  table => [primaryKey({ columns: [table.site, table.hour] })],
)

/** Filters that a team has given a name. Read by key, only for what names one. */
export const segments = sqliteTable(
  'segments',
  {
    site: text().notNull(),
    /** What parameters call it: `phones-de`. */
    id: text().notNull(),
    name: text().notNull(),
    /** JSON object: the name of a parameter -> the list of its values. */
    filters: text({ mode: 'json' }).$type<Record<string, string[]>>().notNull(),
  },
  table => [primaryKey({ columns: [table.site, table.id] })],
)

/** When a release of a site went live, as whoever deploys says. */
export const deploys = sqliteTable(
  'deploys',
  {
    site: text().notNull(),
    /** Unix time in ms. */
    at: integer().$type<Ms>().notNull(),
    /** 12 hex digits. */
    id: text().notNull(),
    release: text().notNull(),
    note: text(),
  },
  table => [primaryKey({ columns: [table.site, table.at, table.id] })],
)

/** How far a site has moved into this database: noted in one transaction with what was copied. Empty otherwise. */
export const moves = sqliteTable('moves', {
  site: text().primaryKey(),
  /** The step that is next (worker/site/move). */
  step: integer().notNull().default(0),
  /** JSON list: the key of the last row that this step has copied; null: none yet. */
  after: text(),
})

/** What a team promises of a metric, and how it stood when it was last judged. */
export const budgets = sqliteTable(
  'budgets',
  {
    site: text().notNull(),
    /** 12 hex digits. */
    id: text().notNull(),
    metric: text().$type<Budgeted>().notNull(),
    endpoint: text(),
    route: text(),
    device: text().$type<'phone' | 'tablet' | 'desktop'>(),
    /** One value of a declared tag: `plan:pro`. */
    tag: text(),
    /** The id of a segment, whose filters hold beside those above. */
    segment: text(),
    percentile: real().notNull(),
    /** In the metric's unit. */
    max: real().notNull(),
    windowHours: integer('window_hours').notNull(),
    /** What the limit is a share above; null: the limit is a value. */
    relativeTo: text('relative_to').$type<'week' | 'release'>(),
    minimum: integer().notNull(),
    /** Unix time in ms. */
    created: integer().$type<Ms>().notNull(),
    state: text().$type<BudgetState>().notNull().default('no-data'),
    /** Unix time in ms at which the state began. */
    since: integer().$type<Ms>().notNull(),
    /** Unix time in ms at which it was last judged; 0: not yet. */
    checked: integer().$type<Ms>().notNull().default(0),
    /** The same, or at which it could not be judged. */
    tried: integer().$type<Ms>().notNull().default(0),
    /** The state that the last message said. */
    told: text().$type<'ok' | 'breached'>().notNull().default('ok'),
    value: real(),
    low: real(),
    high: real(),
    samples: integer().notNull().default(0),
    /** Called as in the API. */
    effective_samples: real(),
    release: text(),
    /** The release that a relative budget was compared with. */
    baseline: text(),
  },
  table => [primaryKey({ columns: [table.site, table.id] })],
)

/** Every change of a budget's state. */
export const budgetEvents = sqliteTable(
  'budget_events',
  {
    site: text().notNull(),
    /** Unix time in ms. */
    at: integer().$type<Ms>().notNull(),
    budget: text().notNull(),
    state: text().$type<BudgetState>().notNull(),
    value: real(),
    low: real(),
    high: real(),
    samples: integer().notNull(),
    effective_samples: real(),
    release: text(),
    baseline: text(),
  },
  table => [primaryKey({ columns: [table.site, table.at, table.budget] })],
)

/** Where changes of a budget's state are sent. */
export const webhooks = sqliteTable(
  'webhooks',
  {
    site: text().notNull(),
    /** 12 hex digits. */
    id: text().notNull(),
    kind: text().$type<'standard' | 'pagerduty'>().notNull().default('standard'),
    url: text().notNull(),
    /** The key that signs messages; for PagerDuty its integration key. */
    secret: text().notNull(),
    /** JSON list of the budgets whose changes it gets; null: all. */
    budgets: text({ mode: 'json' }).$type<string[]>(),
    /** Unix time in ms. */
    created: integer().$type<Ms>().notNull().default(0),
  },
  table => [primaryKey({ columns: [table.site, table.id] })],
)

/** Messages that a webhook has not taken yet. */
export const messages = sqliteTable(
  'messages',
  {
    site: text().notNull(),
    /** Unix time in ms of the change. */
    at: integer().$type<Ms>().notNull(),
    budget: text().notNull(),
    webhook: text().notNull(),
    body: text().notNull(),
    attempts: integer().notNull().default(0),
    /** Unix time in ms of the next attempt. */
    due: integer().$type<Ms>().notNull(),
  },
  table => [primaryKey({ columns: [table.site, table.at, table.budget, table.webhook] })],
)

/** Where a site's figures are pushed as OpenTelemetry metrics, and how far that went. */
export const collectors = sqliteTable(
  'collectors',
  {
    site: text().notNull(),
    /** 12 hex digits. */
    id: text().notNull(),
    url: text().notNull(),
    /** JSON object: the headers that are sent along, secrets among them. */
    headers: text({ mode: 'json' }).$type<Record<string, string>>().notNull(),
    /** JSON lists: what is sent. */
    metrics: text({ mode: 'json' }).$type<string[]>().notNull(),
    groupBy: text('group_by', { mode: 'json' }).$type<string[]>().notNull(),
    limit: integer().notNull(),
    /** Unix time in ms. */
    created: integer().$type<Ms>().notNull(),
    /** The hour since 1970 that is sent next. */
    next: integer().$type<Hour>().notNull(),
    attempts: integer().notNull().default(0),
    /** Unix time in ms of the next attempt. */
    due: integer().$type<Ms>().notNull(),
    /** What the collector answered last, or what went wrong. */
    status: text(),
  },
  table => [primaryKey({ columns: [table.site, table.id] })],
)

export type BudgetRow = typeof budgets.$inferSelect
export type CollectorRow = typeof collectors.$inferSelect
export type SegmentRow = typeof segments.$inferSelect
export type SiteRow = typeof sites.$inferSelect
export type WebhookRow = typeof webhooks.$inferSelect
export type TokenRow = typeof tokens.$inferSelect
export type PageViewRow = typeof pageviews.$inferInsert
