/**
 * The operations on the segments of a site.
 */

import * as v from 'valibot'
import { SITE } from '../api/fields.ts'
import { SEGMENT_ID } from '../api/filters.ts'
import { SEGMENT, SEGMENT_ANSWER, SEGMENTS_ANSWER } from '../api/segments.ts'
import { body, json, nothing, type Operation } from './operation.ts'

const PROBLEMS = [401, 403, 404, 500, 503]

const GIVEN = {
  name: 'Returning phones in Germany',
  filters: { device: ['phone'], country: ['DE'], tag: ['visitor:returning'] },
}
const ANSWER = { id: 'returning-phones-de', ...GIVEN, budgets: ['8c1f0a6d22b9'] }

const ofSegments = { tag: 'Sites', path: '/v1/sites/{site}/segments', inPath: { site: SITE } } as const
const ofSegment = {
  ...ofSegments,
  access: 'admin',
  path: '/v1/sites/{site}/segments/{id}',
  inPath: { site: SITE, id: v.pipe(SEGMENT_ID, v.description('the id of the segment')) },
} as const

export const SEGMENT_OPERATIONS: readonly Operation[] = [
  {
    ...ofSegments,
    method: 'get',
    access: 'reader',
    id: 'listSegments',
    summary: 'The saved segments of a site',
    answers: { 200: json('The segments, by id.', SEGMENTS_ANSWER, { site: 'shop', data: [ANSWER] }) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofSegment,
    method: 'put',
    id: 'putSegment',
    summary: 'Saves filters as a segment, or replaces them',
    description:
      'From then on `segment=<id>` stands for them in every question that has filters, of the past as well. Budgets that use the ' +
      'segment are judged anew where its filters change. A change after which one of these budgets would never match is a 409.',
    body: body(SEGMENT, GIVEN),
    answers: {
      200: json('The segment as it is now.', SEGMENT_ANSWER, ANSWER),
      201: json('The segment, which is new.', SEGMENT_ANSWER, { ...ANSWER, budgets: [] }),
    },
    problems: [400, 409, ...PROBLEMS],
  },
  {
    ...ofSegment,
    method: 'delete',
    id: 'deleteSegment',
    summary: 'Deletes a segment that no budget uses',
    description: 'A segment that a budget uses stays: that is a 409, which names the budgets.',
    answers: { 204: nothing('It is deleted.') },
    problems: [400, 409, ...PROBLEMS],
  },
]
