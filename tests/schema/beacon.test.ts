import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decode,
  encode,
  MAX_AGE,
  MAX_CALLS,
  MAX_CLS,
  MAX_ENDPOINT,
  MAX_MARK,
  MAX_MARKS,
  MAX_MS,
  MAX_RELEASE,
  MAX_ROUTE,
  MAX_SELECTOR,
  MAX_SEQUENCE,
  MAX_SERVER,
  MAX_WEIGHT,
} from '../../schema/beacon.ts'
import { PHASES } from '../../schema/metrics.ts'
import { CONNECTIONS, NAVIGATIONS, OUTCOMES, type PageView } from '../../schema/pageview.ts'

const ms = fc.integer({ min: 0, max: MAX_MS })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const printable = (max: number) =>
  fc
    .string({ minLength: 1, maxLength: max, unit: 'grapheme' })
    .map(text => text.replace(/[\p{Cc}?#]/gu, 'x').slice(0, max))

const call = fc.record({
  endpoint: printable(MAX_ENDPOINT),
  start: fc.integer({ min: 0, max: MAX_AGE }),
  duration: ms,
  outcome: fc.constantFrom(...OUTCOMES),
  status: maybe(fc.integer({ min: 0, max: 599 })),
  ttfb: maybe(ms),
  bytes: maybe(fc.integer({ min: 0, max: 1_000_000_000 })),
  server: maybe(
    fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), ms, { maxKeys: MAX_SERVER, noNullPrototype: true }),
  ),
})

const whole = fc.integer({ min: 0, max: MAX_AGE })
const label = printable(MAX_SELECTOR)
const why = fc.record({
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

const pageView: fc.Arbitrary<PageView> = fc.record({
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
})

/** A change that makes a beacon wrong, and the field that must be named. */
const mutations: [string, (wire: Record<string, unknown>) => void][] = [
  [
    'k',
    wire => {
      wire.k = 1001
    },
  ],
  [
    'w.lcp.1',
    wire => {
      wire.w = { lcp: ['img', '/a.png?token=1', 1, 2, 3] }
    },
  ],
  [
    'w.inp.6.2',
    wire => {
      wire.w = { inp: ['a', 'click', 1, 2, 3, 4, ['', '', -1]] }
    },
  ],
  [
    'w.cls.1',
    wire => {
      wire.w = { cls: ['div', 0.5, 1] }
    },
  ],
  [
    'w.fcp',
    wire => {
      wire.w = { fcp: [] }
    },
  ],
  [
    'x',
    wire => {
      wire.x = -1
    },
  ],
  [
    'u.0.0',
    wire => {
      wire.u = [['two words', 1]]
    },
  ],
  [
    'u.0.1',
    wire => {
      wire.u = [['cart', 1.5]]
    },
  ],
  [
    'c.0.7',
    wire => {
      wire.c = [['GET /', 1, 2, 0, 200, 1, 1, { a: 1, b: 1, c: 1, d: 1, e: 1 }]]
    },
  ],
  [
    'v',
    wire => {
      wire.v = 2
    },
  ],
  [
    'id',
    wire => {
      wire.id = 'XYZ'
    },
  ],
  [
    'id',
    wire => {
      delete wire.id
    },
  ],
  [
    'n',
    wire => {
      wire.n = -1
    },
  ],
  [
    'k',
    wire => {
      wire.k = 0
    },
  ],
  [
    'k',
    wire => {
      wire.k = 1.5
    },
  ],
  [
    'age',
    wire => {
      wire.age = MAX_AGE + 1
    },
  ],
  [
    'nav',
    wire => {
      wire.nav = 'teleport'
    },
  ],
  [
    'r',
    wire => {
      wire.r = ''
    },
  ],
  [
    'r',
    wire => {
      wire.r = '/p?q=1'
    },
  ],
  [
    'r',
    wire => {
      wire.r = '/p#top'
    },
  ],
  [
    'r',
    wire => {
      wire.r = 'x'.repeat(MAX_ROUTE + 1)
    },
  ],
  [
    'r',
    wire => {
      wire.r = 'a\u0000b'
    },
  ],
  [
    'rel',
    wire => {
      wire.rel = 7
    },
  ],
  [
    'net',
    wire => {
      wire.net = '6g'
    },
  ],
  [
    'tp',
    wire => {
      wire.tp = 2
    },
  ],
  [
    'm',
    wire => {
      delete wire.m
    },
  ],
  [
    'm.lcp',
    wire => {
      wire.m = { lcp: -1 }
    },
  ],
  [
    'm.inp',
    wire => {
      wire.m = { inp: MAX_MS + 1 }
    },
  ],
  [
    'm.cls',
    wire => {
      wire.m = { cls: 0.1 }
    },
  ],
  [
    'm.fid',
    wire => {
      wire.m = { fid: 1 }
    },
  ],
  [
    't',
    wire => {
      wire.t = 7
    },
  ],
  [
    't.2',
    wire => {
      wire.t = [0, 0, null, 0, 0, 0, 0]
    },
  ],
  [
    'c',
    wire => {
      wire.c = Array(MAX_CALLS + 1).fill(['GET /', 0, 0, 0])
    },
  ],
  [
    'c.0.0',
    wire => {
      wire.c = [['', 0, 0, 0]]
    },
  ],
  [
    'c.0.3',
    wire => {
      wire.c = [['GET /', 0, 0, OUTCOMES.length]]
    },
  ],
  [
    'c.1.2',
    wire => {
      wire.c = [
        ['GET /', 0, 0, 0],
        ['GET /', 0, '9', 0],
      ]
    },
  ],
  [
    'extra',
    wire => {
      wire.extra = 1
    },
  ],
]

describe('a beacon', () => {
  it('carries any valid page view through encode and decode unchanged', () => {
    fc.assert(
      fc.property(pageView, view => {
        expect(decode(encode(view))).toEqual({ ok: view })
      }),
      { numRuns: 500 },
    )
  })

  it.each(mutations)('with a wrong %s is refused by that name', (field, mutate) => {
    fc.assert(
      fc.property(pageView, view => {
        const wire = JSON.parse(encode(view))
        mutate(wire)
        const answer = decode(JSON.stringify(wire))
        expect('error' in answer && answer.error.field).toBe(field)
        expect('error' in answer && answer.error.detail).toMatch(/\w/)
      }),
      { numRuns: 20 },
    )
  })

  it.each(['', 'null', '[]', '7', '"x"', '{"v":1'])('that is %j is refused, never thrown over', body => {
    expect(decode(body)).toHaveProperty('error.field')
  })

  it('is never refused for what a browser may hand to encode', () => {
    const anything = fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 1e12, 0.4),
    )
    const vitals = fc.record({ lcp: anything, inp: anything, cls: anything, fcp: anything, ttfb: anything })
    const wild = fc.record({
      view: pageView,
      vitals,
      age: fc.double({ min: -1e6, max: 1e9, noNaN: true }),
      start: anything,
      duration: anything,
      ttfb: anything,
      bytes: anything,
    })
    fc.assert(
      fc.property(wild, ({ view, vitals, age, start, duration, ttfb, bytes }) => {
        const calls = view.calls.map(call => ({ ...call, start, duration, ttfb, bytes }))
        expect(decode(encode({ ...view, vitals, age, calls }))).toHaveProperty('ok')
      }),
      { numRuns: 500 },
    )
  })
})
