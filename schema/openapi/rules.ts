/**
 * The operations on naming rules.
 */

import * as v from 'valibot'
import { SITE } from '../api/fields.ts'
import { RULES, RULES_ANSWER, RULES_PREVIEW, RULES_SUGGESTIONS } from '../api/rules.ts'
import { body, json, type Operation } from './operation.ts'

const PROBLEMS = [401, 403, 404, 500, 503]
const DAY = { from: '2026-11-20T00:00:00.000Z', to: '2026-11-21T00:00:00.000Z' }

const GIVEN = {
  rules: [
    { kind: 'route', pattern: '/products/:slug' },
    { kind: 'endpoint', pattern: '/api/stock/:slug', method: 'GET' },
    { kind: 'endpoint', pattern: '/ping', ignore: true },
  ],
}
const SET = { trailing_slash: 'strip', case: 'keep', parameters: 'fold', ...GIVEN }
const ANSWER = {
  site: 'shop',
  since: '2026-11-21T09:30:00.000Z',
  changes: ['2026-11-21T09:30:00.000Z'],
  ...SET,
}
const NOTHING = { names: 0, count: 0, examples: [] }
const KETTLE = { kind: 'route', name: '/products/blue-kettle', becomes: '/products/[slug]', count: 212 }
const PING = { kind: 'endpoint', name: 'GET /ping', becomes: null, count: 1904 }
const CART = { kind: 'route', name: '/cart', becomes: '/cart', count: 88 }

const ofRules = {
  tag: 'Sites',
  access: 'admin',
  path: '/v1/sites/{site}/rules',
  inPath: { site: SITE },
} as const

export const RULE_OPERATIONS: readonly Operation[] = [
  {
    ...ofRules,
    method: 'get',
    access: 'reader',
    id: 'getRules',
    summary: 'The naming rules of a site, and when they changed',
    answers: { 200: json('The rules.', RULES_ANSWER, ANSWER) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofRules,
    method: 'put',
    id: 'putRules',
    summary: 'Sets the naming rules of a site',
    description:
      'What arrives from then on is named by them, everywhere within 20 seconds. What is stored keeps its names.',
    inHeader: {
      'If-Match': v.optional(
        v.pipe(
          v.string(),
          v.description('the ETag of the rules that were read: a 412 where somebody has changed them since'),
        ),
      ),
    },
    body: body(RULES, GIVEN),
    answers: { 200: json('The rules as they are now.', RULES_ANSWER, ANSWER) },
    problems: [400, 412, ...PROBLEMS],
  },
  {
    ...ofRules,
    path: '/v1/sites/{site}/rules/preview',
    method: 'post',
    id: 'previewRules',
    summary: 'What naming rules would do to the names of the last day',
    description:
      'Of yesterday (UTC), or of the last 24 hours where there is no yesterday. These names have been through the rules of then.',
    body: body(RULES, GIVEN),
    answers: {
      200: json('What each rule would catch.', RULES_PREVIEW, {
        site: 'shop',
        ...DAY,
        routes: { before: 41, after: 9 },
        endpoints: { before: 4, after: 3 },
        rules: [
          { names: 33, count: 1420, examples: [KETTLE] },
          NOTHING,
          { names: 1, count: 1904, examples: [PING] },
        ],
        settings: NOTHING,
        stays: { names: 11, count: 907, examples: [CART] },
        rows_read: 212,
      }),
    },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofRules,
    path: '/v1/sites/{site}/rules/suggestions',
    method: 'get',
    id: 'suggestRules',
    summary: 'Rules for segments with many values',
    answers: {
      200: json('The rules that would join most names first.', RULES_SUGGESTIONS, {
        site: 'shop',
        ...DAY,
        data: [
          {
            rule: { kind: 'route', pattern: '/products/:product', name: '/products/[product]' },
            names: 33,
            count: 1420,
            examples: ['/products/blue-kettle', '/products/red-mug'],
          },
        ],
        rows_read: 212,
      }),
    },
    problems: [400, ...PROBLEMS],
  },
]
