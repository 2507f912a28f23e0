/**
 * `GET /v1/pageview?site=shop&id=8c1f0a6d22b94e07`: one page view, as `/v1/pageviews` lists it. A link to it holds until its
 * row is deleted.
 */

import * as v from 'valibot'
import { PHASES } from '../domain/metrics.ts'
import { INP_PARTS, LCP_PARTS } from '../wire/attribution.ts'
import { NAVIGATIONS, OUTCOMES } from '../wire/pageview.ts'
import { FINGERPRINT } from './errors.ts'
import { MS, SITE, TIME } from './fields.ts'

export const PAGEVIEW_QUERY = {
  site: SITE,
  id: v.pipe(
    v.string('is missing'),
    v.regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits'),
    v.description('the id of the page view'),
  ),
}

/** The parts that the database keeps as JSON, which a hand on the database can break. */
export const UNREADABLE = [
  'phases',
  'server',
  'blocking',
  'bfcache',
  'why',
  'calls',
  'marks',
  'tags',
  'errors',
] as const

const maybe = <T extends v.GenericSchema>(schema: T) => v.nullable(schema)
const timed = <const K extends readonly string[]>(keys: K) =>
  v.pipe(v.record(v.picklist(keys), MS), v.description('ms; they add up to the metric'))

const server = v.pipe(maybe(v.record(v.string(), MS)), v.description('Server-Timing, in ms'))
const trace = v.pipe(
  maybe(
    v.object({
      id: v.string(),
      url: v.pipe(maybe(v.string()), v.description("by the site's `trace_link`; null without one")),
    }),
  ),
  v.description(
    'the trace that the Server-Timing header names; of calls, of those that failed or took over 1,000 ms',
  ),
)

export const PAGEVIEW = v.object({
  id: v.pipe(v.string(), v.description('random, made for this page view alone')),
  began: TIME,
  weight: v.pipe(v.number(), v.description('page views that this one stands for')),
  route: v.string(),
  navigation: v.picklist(NAVIGATIONS),
  release: maybe(v.string()),
  device: v.string(),
  country: maybe(v.string()),
  browser: maybe(v.string()),
  browser_version: maybe(v.number()),
  os: maybe(v.string()),
  connection: maybe(v.string()),
  lcp: maybe(MS),
  inp: maybe(MS),
  cls: maybe(v.pipe(v.number(), v.description('score'))),
  fcp: maybe(MS),
  ttfb: maybe(MS),
  phases: v.pipe(
    maybe(v.record(v.picklist(PHASES), MS)),
    v.description('ms from navigation start to the end of each; null where no document was loaded'),
  ),
  server,
  trace,
  blocking: v.pipe(
    maybe(
      v.object({
        load: v.pipe(maybe(MS), v.description('until the document had loaded; null where none was')),
        after: v.pipe(MS, v.description('after that')),
        hosts: v.pipe(
          v.array(v.object({ load: MS, after: MS, host: v.string() })),
          v.description("of it by scripts of these hosts, the worst first; '': of the page's own origin"),
        ),
      }),
    ),
    v.description('ms for which scripts kept the page from answering; null where the browser does not tell'),
  ),
  bfcache: v.pipe(
    maybe(v.array(v.string())),
    v.description(
      "why the page to which its visitor came back was loaded anew, in the browser's words; null where it was not, or not told",
    ),
  ),
  why: v.object({
    lcp: maybe(v.object({ target: v.string(), url: maybe(v.string()), parts: timed(LCP_PARTS) })),
    inp: maybe(
      v.object({
        target: v.string(),
        event: v.string(),
        at: v.pipe(MS, v.description('since the page view began')),
        parts: timed(INP_PARTS),
        script: maybe(v.object({ url: v.string(), invoker: v.string(), duration: MS })),
      }),
    ),
    cls: maybe(v.object({ target: v.string(), score: v.number(), at: MS })),
  }),
  calls: v.array(
    v.object({
      endpoint: v.string(),
      start: v.pipe(MS, v.description('since the page view began')),
      duration: MS,
      outcome: v.picklist(OUTCOMES),
      status: maybe(v.number()),
      ttfb: maybe(MS),
      bytes: maybe(v.number()),
      server,
      trace,
      waited: v.pipe(MS, v.description('ms that the LCP waited for it; 0: it did not')),
      started: v.pipe(v.boolean(), v.description('whether the interaction of the INP started it')),
    }),
  ),
  calls_dropped: v.pipe(v.number(), v.description('calls beyond what is sent, or kept, of one page view')),
  marks: v.array(v.object({ name: v.string(), value: v.number() })),
  tags: v.pipe(v.record(v.string(), v.string()), v.description('those that the site declares')),
  marks_dropped: v.optional(
    v.pipe(v.number(), v.description('marks that were too many to keep; absent where there are none')),
  ),
  errors: v.pipe(
    maybe(v.array(v.object({ ...FINGERPRINT, count: v.number() }))),
    v.description('uncaught errors that differ, at most 8; null where nobody looked'),
  ),
  errors_beyond: v.optional(
    v.pipe(v.number(), v.description('errors beyond those of the list; absent where there are none')),
  ),
  unreadable: v.optional(
    v.pipe(
      v.array(v.picklist(UNREADABLE)),
      v.description(
        'parts that are broken in the database, and so are missing here; absent where there are none',
      ),
    ),
  ),
})
export type PageViewAnswer = v.InferOutput<typeof PAGEVIEW>

/** A page view with an LCP that waited for an API call. */
export const PAGEVIEW_EXAMPLE: PageViewAnswer = {
  id: '8c1f0a6d22b94e07',
  began: '2026-11-21T09:41:07.120Z',
  weight: 1,
  route: '/p/[id]',
  navigation: 'navigate',
  release: '2.4.0',
  device: 'phone',
  country: 'DE',
  browser: 'Chrome',
  browser_version: 156,
  os: 'Android',
  connection: '4g',
  lcp: 4210,
  inp: null,
  cls: 0.02,
  fcp: 1890,
  ttfb: 640,
  phases: { dns: 60, connect: 210, request: 640, response: 700, interactive: 1500, loaded: 1540, load: 4300 },
  server: { app: 410 },
  trace: {
    id: '4bf92f3577b34da6a3ce929d0e0e4736',
    url: 'https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736',
  },
  blocking: { load: 240, after: 60, hosts: [{ load: 180, after: 20, host: 'tags.example' }] },
  bfcache: null,
  why: {
    lcp: {
      target: 'main>img.product',
      url: 'https://shop.example/img/7.jpg',
      parts: { ttfb: 640, load_delay: 1620, load_duration: 1700, render_delay: 250 },
    },
    inp: null,
    cls: null,
  },
  calls: [
    {
      endpoint: 'GET /api/products/[id]',
      start: 980,
      duration: 640,
      outcome: 'ok',
      status: 200,
      ttfb: 590,
      bytes: 2140,
      server: { db: 480 },
      trace: null,
      waited: 640,
      started: false,
    },
  ],
  calls_dropped: 0,
  marks: [],
  tags: { plan: 'pro' },
  errors: [],
}
