/**
 * A row of the lake (worker/ingest/lake): what one beacon says of a page view, after the worker has named and enriched it and before
 * it samples. The columns of `pageviews` give it names and types. What D1 keeps as JSON is a list or a struct here.
 *
 * `npm run lake` writes schema/lake.json, which `wrangler basin pipelines streams create --schema-file` reads. A stream's schema
 * cannot change: whoever has one makes another.
 *
 * @see https://developers.cloudflare.com/basin-pipelines/streams/manage-streams/#schema-configuration
 */

import { PHASES } from '../domain/metrics.ts'
import { pageviews } from './tables.ts'

/** A type of Basin Pipelines. */
export type LakeType =
  | { type: 'string' | 'int64' | 'float64' | 'bool' }
  | { type: 'timestamp'; unit: 'millisecond' }
  | { type: 'list'; items: LakeType }
  | { type: 'struct'; fields: LakeField[] }
export type LakeField = LakeType & { name: string; required: boolean }

/** A type, its values, and whether there may be none. */
interface Kind<T> {
  readonly of: LakeType
  readonly required: boolean
  /** Never there: it carries the type of the values. */
  readonly value?: T
}
type Kinds = Record<string, Kind<unknown>>
type Values<K extends Kinds> = { [Name in keyof K]: K[Name] extends Kind<infer T> ? T : never }

const kind = <T>(of: LakeType): Kind<T> => ({ of, required: true })
const maybe = <T>({ of }: Kind<T>): Kind<T | null> => ({ of, required: false })
const list = <K extends Kinds>(kinds: K): Kind<Values<K>[]> =>
  kind({ type: 'list', items: { type: 'struct', fields: fieldsOf(kinds) } })
const struct = <K extends Kinds>(kinds: K): Kind<Values<K>> =>
  kind({ type: 'struct', fields: fieldsOf(kinds) })

const text = kind<string>({ type: 'string' })
const whole = kind<number>({ type: 'int64' })
const score = kind<number>({ type: 'float64' })
const flag = kind<boolean>({ type: 'bool' })
const names = kind<string[]>({ type: 'list', items: { type: 'string' } })
/** Unix time in ms. */
const time = kind<number>({ type: 'timestamp', unit: 'millisecond' })

interface Column<T, N extends boolean> {
  readonly dataType: string
  readonly notNull: boolean
  readonly _: { data: T; notNull: N }
}

/** What a column of D1 is: a text or a whole number. */
function column<T, N extends boolean>({
  dataType,
  notNull,
}: Column<T, N>): Kind<N extends true ? T : T | null> {
  return { of: { type: dataType === 'number' ? 'int64' : 'string' }, required: notNull }
}

function fieldsOf(kinds: Kinds): LakeField[] {
  return Object.entries(kinds).map(([name, { of, required }]) => ({ name, ...of, required }))
}

const t = pageviews
const SERVER = list({ name: text, duration: whole })

/** The columns, in their order. Names are those of `npx fieldline export`, too. */
const COLUMNS = {
  site: column(t.site),
  id: column(t.id),
  /** The number of the beacon in its page view. */
  sequence: column(t.sequence),
  began: time,
  /** When the beacon came. */
  arrived: time,
  /** Page views that this one stands for by the browser's own sampling. */
  weight: column(t.weight),
  /** Sent with the admin token. */
  imported: flag,
  route: column(t.route),
  navigation: column(t.navigation),
  release: column(t.release),
  device: column(t.device),
  country: column(t.country),
  browser: column(t.browser),
  browser_version: column(t.browserVersion),
  os: column(t.os),
  connection: column(t.connection),
  lcp: column(t.lcp),
  inp: column(t.inp),
  cls: maybe(score),
  fcp: column(t.fcp),
  ttfb: column(t.ttfb),
  phases: maybe(struct(Object.fromEntries(PHASES.map(phase => [phase, whole])))),
  server: maybe(SERVER),
  trace: column(t.trace),
  blocking: maybe(
    struct({ load: maybe(whole), after: whole, hosts: list({ host: text, load: whole, after: whole }) }),
  ),
  bfcache: maybe(names),
  why: struct({
    lcp: maybe(
      struct({
        target: text,
        url: maybe(text),
        load_delay: whole,
        load_duration: whole,
        render_delay: whole,
      }),
    ),
    inp: maybe(
      struct({
        ...{ target: text, event: text, at: whole },
        ...{ input_delay: whole, processing: whole, presentation: whole },
        script: maybe(struct({ url: text, invoker: text, duration: whole })),
      }),
    ),
    cls: maybe(struct({ target: text, score, at: whole })),
  }),
  /** Since the beacon before, as marks are. All else is what the page view has come to. */
  calls: list({
    ...{ endpoint: text, start: whole, duration: whole, outcome: text },
    ...{ status: maybe(whole), ttfb: maybe(whole), bytes: maybe(whole) },
    ...{ server: maybe(SERVER), trace: maybe(text) },
  }),
  calls_dropped: column(t.dropped),
  marks: list({ name: text, value: whole }),
  /** A JSON object: their names are the site's own. */
  tags: text,
  errors: maybe(list({ kind: text, message: text, script: text, line: whole, column: whole, count: whole })),
  errors_beyond: maybe(whole),
} as const satisfies Kinds

/** What is sent. */
export type LakeRow = Values<typeof COLUMNS>

/** What schema/lake.json holds. */
export const LAKE_SCHEMA: { fields: LakeField[] } = { fields: fieldsOf(COLUMNS) }
