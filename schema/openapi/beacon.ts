/**
 * The operations that need no token: beacons, the worker's health, and the document itself.
 */

import * as v from 'valibot'
import { SITE_NAME } from '../api/fields.ts'
import { HEALTH_ANSWER } from '../api/health.ts'
import { WIRE } from '../wire/decode.ts'
import type { Operation } from './operation.ts'

const site = v.pipe(SITE_NAME, v.description('the site that the page view belongs to'))
const PREFLIGHT_HEADERS = ['Cache-Control', 'Vary', 'Access-Control-Allow-Origin'] as const
const HEADERS = [...PREFLIGHT_HEADERS, 'Cross-Origin-Resource-Policy'] as const

/** The beacon of a page view that has an LCP, a CLS, one API call and one mark so far. */
export const BEACON = {
  v: 1,
  id: '8c1f0a6d22b94e07',
  sequence: 0,
  weight: 1,
  age: 5120,
  navigation: 'navigate',
  route: '/p/[id]',
  release: '2.4.0',
  connection: '4g',
  touch: true,
  vitals: { lcp: 4210, cls: 20, fcp: 1890, ttfb: 640 },
  phases: [60, 210, 640, 700, 1500, 1540, 4300],
  why: [['main>img.product', 'https://shop.example/img/7.jpg', 1620, 1700, 250], null, null],
  calls: [['GET /api/products/[id]', 980, 640, 'ok', 200, 590, 2140, [['db', 480]], null]],
  marks: [['product.shown', 1900]],
  server: [['app', 410]],
  trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  tags: [['plan', 'pro']],
  blocking: [240, 60, [[180, 20, 'tags.example']]],
}

export const BEACON_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/f',
    id: 'sendBeacon',
    tag: 'Beacons',
    summary: 'Sends the state of a page view',
    description:
      'At most 16384 bytes. A browser sends no token; an importer sends ADMIN_TOKEN, and is neither limited nor asked for ' +
      'its origin. A later beacon of the same page view replaces what the earlier ones said, and repeating one changes nothing. ' +
      'A beacon without v, id, sequence or weight is refused. Any other value that does not fit the schema is cut, or read as ' +
      'null; a call that does not fit is left out and counted in dropped.',
    access: 'browser',
    inQuery: { site },
    body: {
      'text/plain': { schema: { text: 'a Beacon as JSON', contains: WIRE }, example: JSON.stringify(BEACON) },
      'application/json': { schema: WIRE, example: BEACON },
    },
    answers: {
      202: { description: 'A queue has the beacon; it will be stored.', headers: HEADERS },
      204: { description: 'Stored, or not wanted: sampled out, or of a bot.', headers: HEADERS },
    },
    problems: [400, 401, 403, 404, 413, 415, 429, 500, 503],
  },
  {
    method: 'options',
    path: '/f',
    id: 'preflightBeacon',
    tag: 'Beacons',
    summary: 'CORS preflight of a beacon sent as JSON',
    access: 'anyone',
    answers: {
      204: {
        description: 'It may.',
        headers: [
          ...PREFLIGHT_HEADERS,
          'Access-Control-Allow-Methods',
          'Access-Control-Allow-Headers',
          'Access-Control-Max-Age',
        ],
      },
    },
    problems: [],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'health',
    tag: 'Worker',
    summary: 'Health of the worker and its database',
    access: 'anyone',
    answers: {
      200: {
        description: 'They are.',
        headers: ['Cache-Control'],
        content: { 'application/json': { schema: HEALTH_ANSWER, example: { status: 'ok', database_ms: 3 } } },
      },
    },
    problems: [503],
  },
  {
    method: 'get',
    path: '/v1/openapi.json',
    id: 'openapi',
    tag: 'Worker',
    summary: 'The API as an OpenAPI document',
    access: 'anyone',
    answers: {
      200: {
        description: 'The document of the version that is deployed.',
        headers: ['Cache-Control', 'ETag', 'Access-Control-Allow-Origin'],
        content: {
          'application/json': {
            schema: v.looseObject({ openapi: v.literal('3.1.1') }),
            example: { openapi: '3.1.1', info: { title: 'fieldline', version: '0.1.0' }, paths: {} },
          },
        },
      },
    },
    problems: [],
  },
]
