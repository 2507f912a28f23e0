/** Page views of every kind, by chance: what `encode` may be given and `decode` must answer. */

import fc from 'fast-check'
import { PHASES } from '../../schema/domain/metrics.ts'
import { MAX_TAG_SENT, MAX_TAGS } from '../../schema/domain/tag.ts'
import {
  MAX_CALLS,
  MAX_ERRORS,
  MAX_HOSTS,
  MAX_MARKS,
  MAX_REASONS,
  MAX_SELECTOR,
  MAX_SERVER,
  MAX_WEIGHT,
} from '../../schema/wire/beacon.ts'
import {
  CONNECTIONS,
  ERROR_KINDS,
  NAVIGATIONS,
  OUTCOMES,
  type PageErrors,
  type PageView,
} from '../../schema/wire/pageview.ts'
import {
  cutText,
  MAX_AGE,
  MAX_CLS,
  MAX_ENDPOINT,
  MAX_MARK,
  MAX_MS,
  MAX_RELEASE,
  MAX_ROUTE,
  MAX_SEQUENCE,
} from '../../schema/wire/values.ts'

const ms = fc.integer({ min: 0, max: MAX_MS })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const printable = (max: number) =>
  fc
    .string({ minLength: 1, maxLength: max, unit: 'grapheme' })
    .map(text => cutText(text.replace(/[?#]/g, 'x'), max) || 'x')

const untraced = fc.record({
  endpoint: printable(MAX_ENDPOINT),
  start: fc.integer({ min: 0, max: MAX_AGE }),
  duration: ms,
  outcome: fc.constantFrom(...OUTCOMES),
  status: maybe(fc.integer({ min: 0, max: 999 })),
  ttfb: maybe(ms),
  bytes: maybe(fc.integer({ min: 0, max: 1_000_000_000 })),
  server: maybe(
    fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), ms), { minLength: 1, maxLength: MAX_SERVER }),
  ),
})

/** Of most calls no trace is told. */
export const call = fc.oneof(
  untraced,
  fc
    .record({ call: untraced, trace: fc.stringMatching(/^[\da-f]{32}$/) })
    .map(({ call, trace }) => ({ ...call, trace })),
)

const whole = fc.integer({ min: 0, max: MAX_AGE })
const label = printable(MAX_SELECTOR)
export const why = fc.record({
  lcp: maybe(
    fc.record({ target: label, url: maybe(label), loadDelay: ms, loadDuration: ms, renderDelay: ms }),
  ),
  inp: maybe(
    fc.record({
      target: label,
      event: label,
      time: whole,
      inputDelay: ms,
      processing: ms,
      presentation: ms,
      script: maybe(fc.record({ url: label, invoker: label, duration: ms })),
    }),
  ),
  cls: maybe(fc.record({ target: label, value: fc.integer({ min: 0, max: MAX_CLS }), time: whole })),
})
const mark = fc.record({
  name: fc.stringMatching(/^[\w.-]{1,64}$/),
  value: fc.integer({ min: 0, max: MAX_MARK }),
})

const tagValue = printable(MAX_TAG_SENT).map(text => text.trim() || 'x')
const error = fc.record({
  kind: fc.constantFrom(...ERROR_KINDS),
  message: fc.constantFrom('', 'TypeError: x is not a function', 'Script error.'),
  script: fc.constantFrom('', '/app.js', 'cdn.example/lib/app.js'),
  line: fc.nat(100_000),
  column: fc.nat(1_000_000),
  count: fc.integer({ min: 1, max: 1_000 }),
})
const errors: fc.Arbitrary<PageErrors> = fc
  .tuple(
    fc.uniqueArray(error, {
      maxLength: MAX_ERRORS,
      selector: ({ count: _, ...print }) => JSON.stringify(print),
    }),
    fc.nat(1_000),
  )
  .map(([list, more]) => ({ count: list.reduce((sum, { count }) => sum + count, more), list }))

/** Each host once; of what blocked nothing none is told. */
const hosts = fc.uniqueArray(
  fc.record({
    load: fc.integer({ min: 1, max: MAX_MS }),
    after: ms,
    host: fc.stringMatching(/^([a-z][a-z.-]{0,40}(:\d{1,5})?)?$/),
  }),
  { maxLength: MAX_HOSTS, selector: ({ host }) => host },
)

const untold: fc.Arbitrary<PageView> = fc.record({
  id: fc.stringMatching(/^[0-9a-f]{16}$/),
  sequence: fc.integer({ min: 0, max: MAX_SEQUENCE }),
  weight: fc.integer({ min: 1, max: MAX_WEIGHT }),
  age: fc.integer({ min: 0, max: MAX_AGE }),
  navigation: fc.constantFrom(...NAVIGATIONS),
  route: printable(MAX_ROUTE),
  release: maybe(printable(MAX_RELEASE)),
  connection: maybe(fc.constantFrom(...CONNECTIONS)),
  touch: fc.boolean(),
  vitals: fc.record({
    lcp: maybe(ms),
    inp: maybe(ms),
    cls: maybe(fc.integer({ min: 0, max: MAX_CLS })),
    fcp: maybe(ms),
    ttfb: maybe(ms),
  }),
  phases: maybe(
    fc
      .tuple(ms, ms, ms, ms, ms, ms, ms)
      .map(
        times =>
          Object.fromEntries(PHASES.map((phase, i) => [phase, times[i]])) as PageView['phases'] & object,
      ),
  ),
  why,
  calls: fc.array(call, { maxLength: MAX_CALLS }),
  dropped: fc.integer({ min: 0, max: 100_000 }),
  marks: fc.array(mark, { maxLength: MAX_MARKS }),
  tags: fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,31}$/), tagValue), {
    maxLength: MAX_TAGS,
    selector: ([name]) => name,
  }),
  errors: maybe(errors),
})

/** Of what was loaded anew alone. */
const reasons = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,64}$/), {
  minLength: 1,
  maxLength: MAX_REASONS,
})

/** Any page view that a beacon may carry. Few browsers tell of blocking, and why they did not restore a page. */
export const anyView: fc.Arbitrary<PageView> = fc
  .record({
    view: untold,
    blocking: maybe(fc.record({ load: maybe(ms), after: ms, hosts })),
    bfcache: maybe(reasons),
  })
  .map(({ view, blocking, bfcache }) => {
    const loads = view.navigation !== 'back-forward-cache' && view.navigation !== 'soft-navigation'
    return {
      ...view,
      ...(blocking && { blocking: { ...blocking, load: loads ? blocking.load : null } }),
      ...(bfcache && view.navigation === 'back-forward' && { bfcache }),
    }
  })

/** The same as it is stored: back from the cache, no byte is waited for. */
export const pageView = anyView.map(view =>
  view.navigation === 'back-forward-cache'
    ? { ...view, vitals: { ...view.vitals, ttfb: view.vitals.ttfb ?? 0 } }
    : view,
)
