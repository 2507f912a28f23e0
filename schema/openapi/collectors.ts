/**
 * The operations on collectors, which the worker pushes OpenTelemetry metrics to.
 */

import {
  COLLECTOR,
  COLLECTOR_ANSWER,
  COLLECTOR_EXAMPLE,
  COLLECTOR_ID,
  COLLECTOR_TEST_ANSWER,
  COLLECTORS_ANSWER,
} from '../api/collectors.ts'
import { SITE } from '../api/fields.ts'
import { body, json, nothing, type Operation } from './operation.ts'

const PROBLEMS = [400, 401, 403, 404, 500, 503]
const { url, metrics, group_by, limit } = COLLECTOR_EXAMPLE
const GIVEN = { url, headers: { Authorization: 'Basic <token>' }, metrics, group_by, limit }

const ofCollectors = {
  tag: 'Other tools',
  access: 'admin',
  path: '/v1/sites/{site}/collectors',
  inPath: { site: SITE },
} as const
const ofCollector = {
  ...ofCollectors,
  path: '/v1/sites/{site}/collectors/{id}',
  inPath: { site: SITE, id: COLLECTOR_ID },
} as const

export const COLLECTOR_OPERATIONS: readonly Operation[] = [
  {
    ...ofCollectors,
    method: 'get',
    id: 'listCollectors',
    summary: 'The collectors of a site',
    answers: {
      200: json('The collectors without the values of their headers, the oldest first.', COLLECTORS_ANSWER, {
        data: [COLLECTOR_EXAMPLE],
      }),
    },
    problems: PROBLEMS,
  },
  {
    ...ofCollectors,
    method: 'post',
    id: 'createCollector',
    summary: 'Pushes OpenTelemetry metrics to a collector',
    description:
      'Each hour is sent once, when it has settled: two to three hours later. The last one that has is the first.',
    body: body(COLLECTOR, GIVEN),
    answers: {
      200: json(
        'The collector that says the same: it is there already.',
        COLLECTOR_ANSWER,
        COLLECTOR_EXAMPLE,
      ),
      201: json('The collector.', COLLECTOR_ANSWER, { ...COLLECTOR_EXAMPLE, status: null }),
    },
    problems: [...PROBLEMS, 409],
  },
  {
    ...ofCollector,
    method: 'put',
    id: 'putCollector',
    summary: 'Replaces a collector',
    description: 'What was sent is not sent again.',
    body: body(COLLECTOR, GIVEN),
    answers: { 200: json('The collector as it is now.', COLLECTOR_ANSWER, COLLECTOR_EXAMPLE) },
    problems: PROBLEMS,
  },
  {
    ...ofCollector,
    method: 'delete',
    id: 'deleteCollector',
    summary: 'Deletes a collector',
    answers: { 204: nothing('It is sent nothing any more.') },
    problems: PROBLEMS,
  },
  {
    ...ofCollector,
    method: 'post',
    path: '/v1/sites/{site}/collectors/{id}/test',
    id: 'testCollector',
    summary: 'Sends a request without metrics',
    answers: {
      200: json('Whether it was taken.', COLLECTOR_TEST_ANSWER, { delivered: true, status: '200' }),
    },
    problems: PROBLEMS,
  },
]
