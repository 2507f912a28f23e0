/**
 * The operations that speak the language of other tools: CrUX, Prometheus, OpenTelemetry, NDJSON.
 */

import * as v from 'valibot'
import {
  CRUX_ANSWER,
  CRUX_ERROR,
  CRUX_HISTORY_ANSWER,
  CRUX_HISTORY_REQUEST,
  CRUX_REQUEST,
} from '../api/crux.ts'
import { SITE_NAME, SITE as SITE_PARAMETER } from '../api/fields.ts'
import { IMPORT_ANSWER, IMPORT_EXAMPLE, IMPORT_LINE, MAX_IMPORT_BYTES, MAX_LINES } from '../api/import.ts'
import { NDJSON_EXAMPLE, NDJSON_LINE, NDJSON_QUERY } from '../api/ndjson.ts'
import { OTLP_ANSWER, OTLP_QUERY } from '../api/otlp.ts'
import { SHARED } from '../api/query.ts'
import { SCRAPE_QUERY } from '../api/scrape.ts'
import { json, type Operation } from './operation.ts'
import { CRUX_HISTORY, CRUX_RECORD, CRUX_REFUSAL, OTLP, PROMETHEUS } from './tool-examples.ts'

/** Two formats under one address: what both take, each means its own by. */
const EXPORT_QUERY = {
  ...SHARED,
  ...OTLP_QUERY,
  ...NDJSON_QUERY,
  format: v.pipe(
    v.picklist([OTLP_QUERY.format.literal, NDJSON_QUERY.format.literal]),
    v.description('what is answered, and what the other parameters may be'),
  ),
  limit: v.pipe(
    v.optional(v.string()),
    v.metadata({ type: 'integer', minimum: 1, maximum: 500_000 }),
    v.description(
      'ndjson: the most page views, by default 20000. otlp: the most groups, by default 20, at most 200',
    ),
  ),
}

const crux = {
  method: 'post',
  tag: 'Other tools',
  access: 'key',
  inQuery: {
    site: v.optional(
      v.pipe(SITE_NAME, v.description('the site; by default the one that takes beacons from the origin')),
    ),
  },
  problems: [400, 401, 403, 404, 500, 503],
  errors: { schema: CRUX_ERROR, example: CRUX_REFUSAL },
} as const satisfies Partial<Operation>

const HEADERS = ['Cache-Control', 'Server-Timing'] as const

export const TOOL_OPERATIONS: readonly Operation[] = [
  {
    ...crux,
    path: '/v1/records:queryRecord',
    id: 'queryRecord',
    summary: 'A record in the schema of the CrUX API',
    description:
      'The 28 days that ended yesterday, in the schema of the Chrome UX Report API, for its clients.',
    body: {
      'application/json': {
        schema: CRUX_REQUEST,
        example: { origin: 'https://shop.example', formFactor: 'PHONE' },
      },
    },
    answers: {
      200: {
        description: 'The record.',
        headers: HEADERS,
        content: { 'application/json': { schema: CRUX_ANSWER, example: CRUX_RECORD } },
      },
    },
  },
  {
    ...crux,
    path: '/v1/records:queryHistoryRecord',
    id: 'queryHistoryRecord',
    summary: 'A history in the schema of the CrUX History API',
    description: 'A record for each week, up to the last Saturday.',
    body: {
      'application/json': {
        schema: CRUX_HISTORY_REQUEST,
        example: {
          origin: 'https://shop.example',
          metrics: ['largest_contentful_paint'],
          collectionPeriodCount: 2,
        },
      },
    },
    answers: {
      200: {
        description: 'The history.',
        headers: HEADERS,
        content: { 'application/json': { schema: CRUX_HISTORY_ANSWER, example: CRUX_HISTORY } },
      },
    },
  },
  {
    method: 'get',
    path: '/v1/metrics',
    id: 'metrics',
    tag: 'Other tools',
    summary: 'Histograms and counters for Prometheus',
    description: 'What was rolled up since Monday 00:00 UTC, in the text format of Prometheus.',
    access: 'reader',
    inQuery: SCRAPE_QUERY.entries,
    answers: {
      200: {
        description: 'The metrics; nothing before the first hour was rolled up.',
        headers: HEADERS,
        content: { 'text/plain': { schema: { text: 'text format 0.0.4' }, example: PROMETHEUS } },
      },
    },
    problems: [400, 401, 403, 404, 500, 503],
  },
  {
    method: 'get',
    path: '/v1/export',
    id: 'export',
    tag: 'Other tools',
    summary: 'Histograms for OpenTelemetry, or every page view',
    description:
      '`format=otlp` answers an ExportMetricsServiceRequest of exponential histograms; it takes `metrics`, `group_by`, `sort` and ' +
      '`minimum`. `format=ndjson` streams every stored page view, one JSON object a line; it takes `cursor`.',
    access: 'reader',
    inQuery: EXPORT_QUERY,
    answers: {
      200: {
        description: 'The data.',
        headers: ['Cache-Control', 'Content-Disposition'],
        content: {
          'application/json': { schema: OTLP_ANSWER, example: OTLP },
          'application/x-ndjson': {
            schema: { text: 'lines of JSON', contains: NDJSON_LINE },
            example: NDJSON_EXAMPLE.map(line => `${JSON.stringify(line)}\n`).join(''),
          },
        },
      },
    },
    problems: [400, 401, 403, 404, 500, 503],
  },
  {
    method: 'post',
    path: '/v1/sites/{site}/pageviews',
    inPath: { site: SITE_PARAMETER },
    tag: 'Other tools',
    id: 'importPageViews',
    summary: 'Brings page views of an export back',
    description:
      `At most ${MAX_LINES} lines of an export, and ${MAX_IMPORT_BYTES} bytes. A page view that is here already stays as it is, unless the ` +
      'line knows a later beacon of it. Hours and days that are rolled up are rolled up anew.',
    access: 'admin',
    body: {
      'application/x-ndjson': {
        schema: { text: 'lines of JSON', contains: IMPORT_LINE },
        example: NDJSON_EXAMPLE.slice(0, 1)
          .map(line => `${JSON.stringify(line)}\n`)
          .join(''),
      },
    },
    answers: { 200: json('What was taken, and what was not.', IMPORT_ANSWER, IMPORT_EXAMPLE) },
    problems: [400, 401, 403, 404, 500, 503],
  },
]
