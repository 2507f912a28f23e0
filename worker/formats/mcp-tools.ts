/** The tools of `/mcp`: each is a question of the API, with those of its parameters that an assistant needs. */

import { GROUP_KEY_DETAIL } from '../../schema/api/filters.ts'
import { METRICS, VITALS } from '../../schema/domain/metrics.ts'

const text = (description: string) => ({ type: 'string', description })
export const SITE = text('the name of the site')
const RANGE = {
  from: text('RFC 3339, a date of UTC, -24h or -7d; default: -24h'),
  to: text('the end, not included: RFC 3339, a date or now; default: now'),
}
const FILTERS = {
  route: text('only this route: /p/[id]'),
  device: text('phone, tablet or desktop'),
  country: text('ISO 3166-1 code'),
  release: text('only this release'),
  tag: text('only this value of a tag that the site declares: plan:pro'),
  segment: text('only this saved segment of the site, by its id'),
}
const LIMIT = text('the most groups or page views; a whole number')

/** Each asks one endpoint; arguments have the names of its parameters. tests/project/openapi says why an endpoint has none. */
export const TOOLS = {
  summary: {
    path: '/v1/summary',
    description: 'Percentiles of vitals (ms; CLS is a score) or API calls, each with count and 95% interval',
    properties: {
      ...RANGE,
      metrics: text(`${Object.keys(METRICS)},pageviews,phase:load,blocking:load,custom:<mark>`),
      percentiles: text('75,95'),
      group_by: text(GROUP_KEY_DETAIL),
      sort: text('busiest, slowest, failing or impact'),
      limit: LIMIT,
      ...FILTERS,
      endpoint: text('only this endpoint: GET /api/p/[id]'),
    },
  },
  what_changed: {
    path: '/v1/changes',
    description: 'Which metrics, routes, devices and releases got worse or better against the time before',
    properties: RANGE,
  },
  causes: {
    path: '/v1/causes',
    description: 'Which elements, interactions and scripts LCP, INP or CLS came from, with advice',
    properties: { ...RANGE, metric: text('lcp, inp or cls'), limit: LIMIT, ...FILTERS },
  },
  back_forward: {
    path: '/v1/bfcache',
    description:
      'Why going back or forward was slow: the share of returns that the browser restored from its cache, and the reasons of the others',
    properties: { ...RANGE, limit: text('the most reasons; a whole number'), ...FILTERS },
  },
  third_parties: {
    path: '/v1/blocking',
    description: 'How long scripts kept pages from answering, by host, own and third parties',
    properties: { ...RANGE, limit: text('the most hosts; a whole number'), ...FILTERS },
  },
  errors: {
    path: '/v1/errors',
    description: 'Uncaught errors and rejections by fingerprint, with how many page views had each',
    properties: { ...RANGE, sort: text('busiest or newest'), limit: LIMIT, ...FILTERS },
  },
  slowest_pageviews: {
    path: '/v1/pageviews',
    description: 'Single page views, the slowest first, with causes and API calls',
    properties: { ...RANGE, metric: text(`one of ${VITALS.join(', ')}`), limit: LIMIT, ...FILTERS },
  },
  budgets: {
    path: '/v1/budgets',
    description: 'What the team promised, and whether it is kept',
    properties: {},
  },
} as const
