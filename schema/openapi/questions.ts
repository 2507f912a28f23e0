/**
 * The operations that ask what visitors got.
 */

import type * as v from 'valibot'
import { BFCACHE_ANSWER, BFCACHE_EXAMPLE, BFCACHE_QUERY } from '../api/bfcache.ts'
import { BLOCKING_ANSWER, BLOCKING_EXAMPLE, BLOCKING_QUERY } from '../api/blocking.ts'
import { CAUSES_ANSWER, CAUSES_EXAMPLE, CAUSES_QUERY } from '../api/causes.ts'
import { CHANGES_ANSWER, CHANGES_QUERY } from '../api/changes.ts'
import { DELIVERY_ANSWER } from '../api/delivery.ts'
import { DEPLOY_EXAMPLE, DEPLOYS_ANSWER } from '../api/deploys.ts'
import { ERRORS_ANSWER, ERRORS_EXAMPLE, ERRORS_QUERY } from '../api/errors.ts'
import { PAGEVIEW, PAGEVIEW_EXAMPLE, PAGEVIEW_QUERY } from '../api/pageview.ts'
import { PAGEVIEWS_ANSWER, PAGEVIEWS_EXAMPLE, PAGEVIEWS_QUERY } from '../api/pageviews.ts'
import { FORMAT_QUERY, SHARED } from '../api/query.ts'
import { RANGE } from '../api/range.ts'
import { SUMMARY_ANSWER, SUMMARY_QUERY } from '../api/summary.ts'
import { TIMESERIES_ANSWER, TIMESERIES_QUERY } from '../api/timeseries.ts'
import { TRENDS_ANSWER, TRENDS_QUERY } from '../api/trends.ts'
import { CSV } from './csv-examples.ts'
import { json, type Operation } from './operation.ts'
import { CHANGES, DELIVERY, SUMMARY, TIMESERIES, TRENDS } from './question-examples.ts'

const HEADERS = ['Cache-Control', 'ETag', 'Server-Timing', 'Vary'] as const

/** What differs from one question to the next. */
interface Question {
  summary: string
  description: string
  query: v.ObjectEntries
  answer: v.GenericSchema
  example: unknown
}

/** `GET /v1/<id>`: all of them are asked and answered in one way, see worker/query/rows-endpoint.ts. */
const question = (
  id: keyof typeof CSV,
  { summary, description, query, answer, example }: Question,
): Operation => ({
  method: 'get',
  path: `/v1/${id}`,
  id,
  tag: 'Questions',
  summary,
  description,
  access: 'reader',
  inQuery: { ...query, ...FORMAT_QUERY },
  answers: {
    200: {
      description: 'The answer.',
      headers: HEADERS,
      content: {
        'application/json': { schema: answer, example },
        'text/csv': {
          schema: {
            text: 'RFC 4180: a column for each value that a row of `data` can have, `percentiles.p75.value`; lists are JSON. The same question has the same columns, with and without rows',
          },
          example: CSV[id],
        },
      },
    },
    304: { description: 'The answer is still the one that If-None-Match names.', headers: HEADERS },
  },
  problems: [400, 401, 403, 404, 500, 503],
})

export const QUESTIONS: readonly Operation[] = [
  question('summary', {
    summary: 'Percentiles, by group',
    description:
      'Percentiles of metrics with their 95% intervals, counts and shares of good and poor, for all page views that match the ' +
      'filters, or for groups of them.',
    query: { ...SHARED, ...SUMMARY_QUERY },
    answer: SUMMARY_ANSWER,
    example: SUMMARY,
  }),
  question('timeseries', {
    summary: 'Percentiles over time',
    description: 'The figures of a summary by hour or by day. An hour or day without data has no point.',
    query: { ...SHARED, ...TIMESERIES_QUERY },
    answer: TIMESERIES_ANSWER,
    example: TIMESERIES,
  }),
  question('trends', {
    summary: 'Changes, with a verdict',
    description: 'The range against the one of the same length before it, or a release against another.',
    query: { ...SHARED, ...TRENDS_QUERY },
    answer: TRENDS_ANSWER,
    example: TRENDS,
  }),
  question('changes', {
    summary: 'What got worse or better',
    description:
      'Routes, devices, countries, browsers, releases, declared tags and endpoints, and routes and endpoints by device, that changed against ' +
      'the time before or another release: the most harmed first, corrected for how many were compared. Periods are those ' +
      'that have settled: whole hours up to 8 days, else whole days of UTC.',
    query: { ...SHARED, ...CHANGES_QUERY },
    answer: CHANGES_ANSWER,
    example: CHANGES,
  }),
  question('causes', {
    summary: 'Causes of LCP, INP or CLS',
    description: 'Elements, interactions and scripts, the most harmful first, each with advice.',
    query: { ...SHARED, ...CAUSES_QUERY },
    answer: CAUSES_ANSWER,
    example: CAUSES_EXAMPLE,
  }),
  question('blocking', {
    summary: 'Blocking time, by host',
    description:
      'How long scripts kept pages from answering, by the hosts that they came from: own and third parties. Only browsers on Chromium ' +
      'tell.',
    query: { ...SHARED, ...BLOCKING_QUERY },
    answer: BLOCKING_ANSWER,
    example: BLOCKING_EXAMPLE,
  }),
  question('bfcache', {
    summary: 'Returns that were not restored, by reason',
    description:
      'Page views whose visitor came back by the back or forward button: the share that the browser restored from its back/forward ' +
      'cache, and why it loaded the others anew. Only browsers on Chromium tell.',
    query: { ...SHARED, ...BFCACHE_QUERY },
    answer: BFCACHE_ANSWER,
    example: BFCACHE_EXAMPLE,
  }),
  question('errors', {
    summary: 'Uncaught errors',
    description:
      'The share of page views without an uncaught error or unhandled rejection, and the errors by message, script, line and ' +
      'column: how often, when first and last, in which releases and browsers.',
    query: { ...SHARED, ...ERRORS_QUERY },
    answer: ERRORS_ANSWER,
    example: ERRORS_EXAMPLE,
  }),
  question('pageviews', {
    summary: 'Single page views',
    description:
      'The slowest or the newest, with causes, load phases and API calls. A cursor continues the list.',
    query: { ...SHARED, ...PAGEVIEWS_QUERY },
    answer: PAGEVIEWS_ANSWER,
    example: PAGEVIEWS_EXAMPLE,
  }),
  {
    method: 'get',
    path: '/v1/pageview',
    id: 'pageview',
    tag: 'Questions',
    summary: 'One page view',
    description: 'A page view by its id, for as long as single page views are kept.',
    access: 'reader',
    inQuery: PAGEVIEW_QUERY,
    answers: { 200: json('The page view.', PAGEVIEW, PAGEVIEW_EXAMPLE) },
    problems: [400, 401, 403, 404, 500, 503],
  },
  question('delivery', {
    summary: 'What happened to the beacons',
    description:
      'Beacons by hour or day: stored, sampled out, refused and why, and lost, by estimate. Also an upper bound of what one ' +
      'address sent, and the sampling rate.',
    query: RANGE,
    answer: DELIVERY_ANSWER,
    example: DELIVERY,
  }),
  question('deploys', {
    summary: 'When releases went live',
    description:
      'The deploys that were marked in a range. Charts show them; trends and breaches of budgets name them.',
    query: RANGE,
    answer: DEPLOYS_ANSWER,
    example: {
      site: 'shop',
      from: '2026-11-20T09:00:00.000Z',
      to: '2026-11-21T10:00:00.000Z',
      data: [DEPLOY_EXAMPLE],
    },
  }),
]
