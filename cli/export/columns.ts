/**
 * A page view as columns, in Parquet and in CSV. Parts that have parts of their own are nested in Parquet and JSON in CSV.
 */

import type { SchemaElement } from 'hyparquet'
import type { PageViewLine } from '../../schema/api/ndjson.ts'
import { METRICS, PHASES, VITALS } from '../../schema/domain/metrics.ts'

type Field = readonly SchemaElement[]
type Column = { field: Field; of(view: PageViewLine): unknown }

const leaf = (name: string, element: Partial<SchemaElement>): Field => [
  { name, repetition_type: 'OPTIONAL', ...element },
]
const text = (name: string) => leaf(name, { type: 'BYTE_ARRAY', converted_type: 'UTF8' })
const json = (name: string) => leaf(name, { type: 'BYTE_ARRAY', converted_type: 'JSON' })
const whole = (name: string) => leaf(name, { type: 'INT32' })
/** Whole numbers that may be too large for 32 bits: ms of a tab that was open for months. */
const large = (name: string) => leaf(name, { type: 'DOUBLE' })
const flag = (name: string) => leaf(name, { type: 'BOOLEAN' })
const time = (name: string) =>
  leaf(name, {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  })
const struct = (name: string, ...fields: Field[]): Field => [
  { name, repetition_type: 'OPTIONAL', num_children: fields.length },
  ...fields.flat(),
]
const list = (name: string, ...fields: Field[]): Field => [
  { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ...struct('element', ...fields),
]
const map = (name: string, [value]: Field): Field => [
  { name, repetition_type: 'OPTIONAL', converted_type: 'MAP', num_children: 1 },
  { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
  { name: 'key', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  ...(value ? [value] : []),
]

/** A column whose name is that of its part of the page view. */
const column = <K extends keyof PageViewLine>(
  make: (name: K) => Field,
  name: K,
  of: (view: PageViewLine) => unknown = view => view[name],
): Column => ({ field: make(name), of })

const CALL = [
  text('endpoint'),
  large('start'),
  large('duration'),
  text('outcome'),
  whole('status'),
  whole('ttfb'),
  whole('bytes'),
  map('server', whole('value')),
  text('trace'),
  whole('waited'),
  flag('started'),
]

const COLUMNS: readonly Column[] = [
  column(text, 'id'),
  column(time, 'began', ({ began }) => new Date(began)),
  column(whole, 'weight'),
  column(text, 'route'),
  column(text, 'navigation'),
  column(text, 'release'),
  column(text, 'device'),
  column(text, 'country'),
  column(text, 'browser'),
  column(whole, 'browser_version'),
  column(text, 'os'),
  column(text, 'connection'),
  ...VITALS.map(vital => column(METRICS[vital].grains === 1 ? whole : large, vital)),
  column(name => struct(name, ...PHASES.map(whole)), 'phases'),
  column(name => map(name, whole('value')), 'server'),
  column(text, 'trace', ({ trace }) => trace?.id),
  column(json, 'blocking'),
  column(json, 'bfcache'),
  column(json, 'why'),
  column(
    name => list(name, ...CALL),
    'calls',
    ({ calls }) => calls.map(call => ({ ...call, trace: call.trace?.id })),
  ),
  column(whole, 'calls_dropped'),
  column(whole, 'calls_cut'),
  column(name => list(name, text('name'), whole('value')), 'marks'),
  column(whole, 'marks_dropped'),
  column(name => map(name, text('value')), 'tags'),
  column(
    name => list(name, ...['kind', 'message', 'script'].map(text), ...['line', 'column', 'count'].map(whole)),
    'errors',
  ),
  column(whole, 'errors_beyond'),
  column(json, 'unreadable'),
  column(name => struct(name, whole('newest'), large('received')), 'beacons'),
]

/** The names, in their order. */
export const NAMES = COLUMNS.map(({ field: [element] }) => element?.name ?? '')

/** The schema of the file. */
export const SCHEMA: SchemaElement[] = [
  { name: 'pageview', num_children: COLUMNS.length },
  ...COLUMNS.flatMap(({ field }) => field),
]

/** A page view by column. */
export function toRecord(view: PageViewLine): Record<string, unknown> {
  return Object.fromEntries(COLUMNS.map(({ of }, i) => [NAMES[i], of(view) ?? null]))
}

/** The page view of a record as a line has it. */
export function toLine({ trace, calls, ...record }: Record<string, unknown>): Record<string, unknown> {
  const traced = (id: unknown) => (typeof id === 'string' ? { id } : null)
  return {
    ...record,
    trace: traced(trace),
    calls: Array.isArray(calls) ? calls.map(call => ({ ...call, trace: traced(call.trace) })) : [],
  }
}
