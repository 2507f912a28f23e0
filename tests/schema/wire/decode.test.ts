import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encode, MAX_CALLS, MAX_MARKS, MAX_SELECTOR } from '../../../schema/wire/beacon.ts'
import { decode } from '../../../schema/wire/decode.ts'
import type { ApiCall, PageView } from '../../../schema/wire/pageview.ts'
import {
  MAX_CLS,
  MAX_ENDPOINT,
  MAX_MARK,
  MAX_MS,
  MAX_RELEASE,
  MAX_ROUTE,
} from '../../../schema/wire/values.ts'
import { anyView, pageView } from '../../kit/arbitrary.ts'

const read = (view: PageView, change: object) =>
  decode(JSON.stringify({ ...JSON.parse(encode(view)), ...change }))

const NONE = { lcp: null, inp: null, cls: null, fcp: null, ttfb: null }
const NO_ANSWER = { status: null, ttfb: null, bytes: null, server: null }

/** A change that leaves no beacon, and the field that must be named. */
const refusals: [string, object][] = [
  ['v', { v: 2 }],
  ['v', { v: undefined }],
  ['id', { id: 'XYZ' }],
  ['id', { id: undefined }],
  ['id', { id: 7 }],
  ['sequence', { sequence: -1 }],
  ['sequence', { sequence: '1' }],
  ['sequence', { sequence: undefined }],
  ['weight', { weight: 0 }],
  ['weight', { weight: 1.5 }],
  ['weight', { weight: null }],
  ['weight', { weight: '1' }],
  ['weight', { weight: 1001 }],
]

const NO_CAUSES = { lcp: null, inp: null, cls: null }

/** What is odd in a beacon, and what is read in its place. */
const oddities: [string, object, Partial<PageView>][] = [
  ['a clock that was set', { age: 1e15 }, { age: 0 }],
  ['a clock that was set back', { age: -1e15 }, { age: 0 }],
  ['a clock that is none', { age: null }, { age: 0 }],
  ['a kind of navigation to come', { navigation: 'teleport' }, { navigation: 'navigate' }],
  ['no navigation', { navigation: null }, { navigation: 'navigate' }],
  ['a route with a query', { route: '/p?q=1' }, { route: '/p' }],
  ['a route with a fragment', { route: '/p#/top\n?token' }, { route: '/p' }],
  ['a route that is all query', { route: '?q=1' }, { route: '(unknown)' }],
  ['no route', { route: undefined }, { route: '(unknown)' }],
  ['a route that is no text', { route: ['/p'] }, { route: '(unknown)' }],
  ['a release that is no text', { release: {} }, { release: null }],
  ['a release that is a number', { release: 2.4 }, { release: '2.4' }],
  ['a connection to come', { connection: '6g' }, { connection: null }],
  ['a touch that is a number', { touch: 2 }, { touch: false }],
  ['no vitals', { vitals: undefined }, { vitals: NONE }],
  ['vitals that are a text', { vitals: '[object Object]' }, { vitals: NONE }],
  [
    'odd vitals',
    { vitals: { lcp: 'fast', inp: 1e12, cls: [], fcp: true, ttfb: 7, fid: 1 } },
    { vitals: { ...NONE, inp: MAX_MS, ttfb: 7 } },
  ],
  ['a number of phases', { phases: 7 }, { phases: null }],
  ['phases as a text', { phases: '[1, 2, 3, 4, 5, 6, 7]' }, { phases: null }],
  ['a phase that is none', { phases: [0, 0, null, 0, 0, 0, 0] }, { phases: null }],
  ['too few phases', { phases: [1] }, { phases: null }],
  ['causes that are none', { why: 'slow' }, { why: NO_CAUSES }],
  ['a cause that is none', { why: [null, null, 7] }, { why: NO_CAUSES }],
  [
    'causes to come, and one with a query',
    { why: [['img', '/a.png?token=1', 1, 2, 3, 4], ['a'], ['b', 1, 2], ['new']] },
    {
      why: {
        lcp: { target: 'img', url: '/a.png', loadDelay: 1, loadDuration: 2, renderDelay: 3 },
        inp: null,
        cls: { target: 'b', value: 1, time: 2 },
      },
    },
  ],
  [
    'causes as times, which the parts come from',
    {
      vitals: { lcp: 2000, ttfb: 300 },
      why: [
        ['img', '/a.png?token=1', 1000, 1600],
        ['a', 'click', ['/a.js?t=1', 'TimerHandler:setTimeout', 9], 5000, 5004, 5090, 5120],
        null,
      ],
    },
    {
      vitals: { ...NONE, lcp: 2000, ttfb: 300 },
      why: {
        ...NO_CAUSES,
        lcp: { target: 'img', url: '/a.png', loadDelay: 700, loadDuration: 600, renderDelay: 400 },
        inp: {
          target: 'a',
          event: 'click',
          time: 5000,
          ...{ inputDelay: 4, processing: 86, presentation: 30 },
          script: { url: '/a.js', invoker: 'TimerHandler:setTimeout', duration: 9 },
        },
      },
    },
  ],
  [
    'times of a text, and of what nobody believes',
    {
      vitals: { lcp: 2000 },
      why: [
        ['h1', '', null, null],
        ['a', 'click', null, 1, -1e300, 1e300, 1e300],
      ],
    },
    {
      vitals: { ...NONE, lcp: 2000 },
      why: {
        ...NO_CAUSES,
        lcp: { target: 'h1', url: null, loadDelay: 0, loadDuration: 0, renderDelay: 2000 },
        inp: {
          target: 'a',
          event: 'click',
          time: 1,
          ...{ inputDelay: 0, processing: MAX_MS, presentation: 0 },
          script: null,
        },
      },
    },
  ],
  [
    'an image asked for before the first byte, there after the paint',
    { vitals: { lcp: 2000, ttfb: 300 }, why: [['img', '/a.png', -7, 2100], null, null] },
    {
      vitals: { ...NONE, lcp: 2000, ttfb: 300 },
      why: {
        ...NO_CAUSES,
        lcp: { target: 'img', url: '/a.png', loadDelay: 0, loadDuration: 1700, renderDelay: 0 },
      },
    },
  ],
  [
    'a script that is none, and one called by an address',
    { why: [null, ['a', 'click', 1, 2, 3, 4, ['/a.js?t=1', 'IMG#a[src=/b?t=1].onload', 1]], null] },
    {
      why: {
        ...NO_CAUSES,
        inp: {
          target: 'a',
          event: 'click',
          time: 1,
          inputDelay: 2,
          processing: 3,
          presentation: 4,
          script: { url: '/a.js', invoker: 'IMG#a[src=/b', duration: 1 },
        },
      },
    },
  ],
  ['dropped calls that are no number', { dropped: 'many' }, { dropped: 0 }],
  ['places that calls have left', { dropped: -60 }, { dropped: 0 }],
  ['dropped calls without end', { dropped: 1e300 }, { dropped: 100_000 }],
  ['calls that are none', { calls: 7, dropped: 2 }, { calls: [], dropped: 2 }],
  ['calls that are a text', { calls: 'none', dropped: 2 }, { calls: [], dropped: 2 }],
  [
    'tags in two forms, one taken away, and some that are none',
    {
      tags: [['PlanTier', 'pro'], ['plan-tier', ' free '], ['Ref', 'x'], ['ref', ''], ['n', 7], ['o', {}], 1],
    },
    {
      tags: [
        ['plan_tier', 'free'],
        ['n', '7'],
      ],
    },
  ],
  ['tags as a text', { tags: '[["plan", "pro"]]' }, { tags: [['plan', 'pro']] }],
  ['marks that are none', { marks: { cart: 1 } }, { marks: [] }],
  ['a trace in capitals', { trace: 'A3CE929D0E0E4736' }, { trace: 'a3ce929d0e0e4736' }],
  ...[
    '0'.repeat(32),
    'a'.repeat(24),
    'a'.repeat(33),
    `${'a'.repeat(31)}/`,
    `${'a'.repeat(32)}\n`,
    7,
    ['a'],
  ].map((trace): (typeof oddities)[number] => [`the trace ${JSON.stringify(trace)}`, { trace }, {}]),
  ['a server that is none', { server: [['', 1], ['db', -1], 7, ['app']] }, {}],
  [
    'a server that says too much',
    { server: ['a', 'b', 'c', 'd', 'e'].map(name => [name, 1.4, 'secret']) },
    { server: ['a', 'b', 'c', 'd'].map(name => [name, 1]) },
  ],
  ['blocking that is none', { blocking: [7, 'long', []] }, { blocking: undefined }],
  ['blocking without hosts', { blocking: [7, 8] }, { blocking: undefined }],
  [
    'blocking that is too long, and hosts that are none',
    {
      blocking: [
        1e12,
        -1,
        [
          [1, 2, 'a.example/?token=1'],
          [1, 2],
          [7.4, 1e12, 'CDN.example:8080'],
        ],
      ],
    },
    {
      blocking: {
        load: MAX_MS,
        after: 0,
        hosts: [{ load: 7, after: MAX_MS, host: 'cdn.example:8080' }],
      },
    },
  ],
  [
    'hosts that are too many, twice there or blocked nothing',
    {
      blocking: [
        null,
        9,
        [
          [1, 2, 'a'],
          [3, 4, 'A'],
          [0, 0, 'b'],
          [5, 6, 'c'],
        ],
      ],
    },
    { blocking: { load: null, after: 9, hosts: [{ load: 3, after: 4, host: 'a' }] } },
  ],
  [
    'odd reasons, twice there and too many',
    {
      navigation: 'back-forward',
      bfcache: ['masked', 'masked', 7, null, { reason: 'lock' }, 'A b', '', 'x'.repeat(65), ...'abcdefgh'],
    },
    { navigation: 'back-forward', bfcache: ['masked', ...'abcdefg'] },
  ],
  ['reasons that are no list', { navigation: 'back-forward', bfcache: 7 }, { navigation: 'back-forward' }],
  ['reasons of another page view', { navigation: 'restore', bfcache: ['masked'] }, { navigation: 'restore' }],
  ['odd errors', { errors: 3 }, { errors: null }],
  [
    'an error that is there twice and often, and its count',
    { errors: [1, [...'xxy'].map(letter => ['error', letter, '', 1, 1, 90_000])] },
    {
      errors: {
        count: 190_000,
        list: [
          { kind: 'error', message: 'x', script: '', line: 1, column: 1, count: 100_000 },
          { kind: 'error', message: 'y', script: '', line: 1, column: 1, count: 90_000 },
        ],
      },
    },
  ],
  ['errors without a count', { errors: [null, []] }, { errors: null }],
  [
    'errors that are odd, too long, too many, twice there or full of values',
    {
      errors: [
        3,
        [
          ...Array.from({ length: 1_000 }, (_, i) => [['error', {}, [], 1e99, 'x'][i % 5], i, null, i]),
          ['error', `Uncaught TypeError: ${'x'.repeat(100_000)} 'Jane'`, null, -1, 'far', 1e99],
          ['error', 'Error: no user "Jane Doe"', '/u/4711/a.js?token=1', 3.4, 1e99, 2],
          ['error', 'Uncaught Error: no user 4712', '/u/4712/a.js', 3, 1e99, 5],
          ['warning', 'a', '', 1, 1, 1],
          ['error', 'none', '', 1, 1, 0],
          ...'abcdefgh'.split('').map(letter => ['unhandledrejection', letter, '', null, null, 1]),
        ],
      ],
    },
    {
      errors: {
        count: 100_013,
        list: [
          {
            ...{ kind: 'error', message: `TypeError: ${'x'.repeat(149)}` },
            ...{ script: '', line: 0, column: 0, count: 100_000 },
          },
          {
            ...{ kind: 'error', message: 'Error: no user', script: '/u/[id]/a.js' },
            ...{ line: 3, column: 100_000_000, count: 7 },
          },
          ...'abcdef'.split('').map(message => ({
            ...({ kind: 'unhandledrejection', message, script: '', line: 0, column: 0 } as const),
            count: 1,
          })),
        ],
      },
    },
  ],
  ['a field of a script to come', { news: 3, __proto__: null }, {}],
]

/** Calls that are left out. */
const brokenCalls: unknown[] = [
  null,
  7,
  'GET /',
  [],
  { endpoint: 'GET /', start: 0, duration: 0, outcome: 'ok' },
  ['', 0, 0, 'ok'],
  ['?token=1', 0, 0, 'ok'],
  [7, 0, 0, 'ok'],
  ['GET /', '0', 0, 'ok'],
  ['GET /', null, 0, 'ok'],
  ['GET /', 0, null, 'http'],
  ['GET /', 0, '9', 'ok'],
  ['GET /', 0, 0, 'fine'],
  ['GET /', 0, 0],
]

/** Calls that are kept, and how. */
const oddCalls: [unknown[], Partial<ApiCall>][] = [
  [['GET /', 1, 2, 'http', 999], { status: 999 }],
  [['GET /', 1, 2, 'http', 600], { status: 600 }],
  [['GET /', 1, 2, 'http', 1e9], { status: null }],
  [['GET /', 1, 2, 'http', -1], { status: null }],
  [['GET /', 1, 2, 'http', '500'], { status: null }],
  [['GET /', 1, 2, 'http', 500.5, 'soon', {}, 'db'], { status: null }],
  [['GET /', 1, 2, 'http', 500, null, null, null, null, 'to come'], { status: 500 }],
  [['GET /', 1, 2, 'http', 500, null, null, null, '0'.repeat(32)], { status: 500 }],
  [
    ['GET /', 1, 2, 'http', 500, null, null, null, '00000000000000000000000000000ABC'],
    { status: 500, trace: '00000000000000000000000000000abc' },
  ],
  [['GET /p?t=1 Name', 1, 2, 'http', 500], { endpoint: 'GET /p', status: 500 }],
  [['GET /p#t', -1, 1e300, 'http', 500], { endpoint: 'GET /p', start: 0, duration: MAX_MS, status: 500 }],
  [
    [
      'GET /',
      1,
      2,
      'http',
      500,
      -1,
      1e300,
      [
        ['db', 1.2],
        ['', 1],
        ['a', -1],
        ['b', 5],
        ['cut', 6],
      ],
    ],
    {
      status: 500,
      ttfb: 0,
      bytes: 1_000_000_000,
      server: [
        ['db', 1],
        ['b', 5],
      ],
    },
  ],
]

describe('a beacon that is read', () => {
  it.each(refusals)('refuses a wrong %s by that name', (field, change) => {
    fc.assert(
      fc.property(pageView, view => {
        const answer = read(view, change)
        expect('error' in answer && answer.error.field).toBe(field)
        expect('error' in answer && answer.error.detail).toMatch(/\w/)
      }),
      { numRuns: 20 },
    )
  })

  it.each(['', 'null', '[]', '7', '"x"', '{"v":1', '"[object Object]"'])(
    'that is %j is refused, never thrown over',
    body => {
      expect(decode(body)).toHaveProperty('error.field')
    },
  )

  it.each(oddities)('keeps the page view for all of %s', (_, change, kept) => {
    fc.assert(
      fc.property(pageView, given => {
        // Back from the cache, a TTFB is filled in, and what came back otherwise has reasons.
        const view = { ...given, navigation: 'reload', bfcache: undefined } as const
        expect(read(view, change)).toEqual({ ok: { ...view, ...kept } })
      }),
      { numRuns: 20 },
    )
  })

  it('leaves out calls that say too little, and counts them', () => {
    const good = ['GET /', 1, 2, 'ok']
    const calls = [good, ...brokenCalls, good]
    const kept = [
      { endpoint: 'GET /', start: 1, duration: 2, outcome: 'ok', ...NO_ANSWER },
      { endpoint: 'GET /', start: 1, duration: 2, outcome: 'ok', ...NO_ANSWER },
    ]
    fc.assert(
      fc.property(pageView, given => {
        const view = { ...given, dropped: 3 }
        const expected = { ok: { ...view, calls: kept, dropped: 3 + brokenCalls.length } }
        expect(read(view, { calls })).toEqual(expected)
        // As Prototype 1.6 has it.
        expect(read(view, { calls: JSON.stringify(calls) })).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  it.each(oddCalls)('keeps the call %j, and its outcome', (call, kept) => {
    fc.assert(
      fc.property(pageView, view => {
        const base = { endpoint: 'GET /', start: 1, duration: 2, outcome: 'http', ...NO_ANSWER }
        expect(read(view, { calls: [call] })).toEqual({ ok: { ...view, calls: [{ ...base, ...kept }] } })
      }),
      { numRuns: 5 },
    )
  })

  it('cuts lists that are too long, and counts the calls beyond', () => {
    const marks = Array.from({ length: MAX_MARKS + 9 }, (_, i) => [`m${i}`, i])
    const calls = Array.from({ length: MAX_CALLS + 9 }, (_, i) => [`GET /${i}`, i, i, 'ok'])
    fc.assert(
      fc.property(pageView, view => {
        const answer = read(view, { calls, marks, dropped: 1 })
        if ('error' in answer) throw new Error(answer.error.detail)
        expect(answer.ok.calls.map(call => call.start)).toEqual([...Array(MAX_CALLS).keys()])
        expect(answer.ok.marks.map(mark => mark.value)).toEqual([...Array(MAX_MARKS).keys()])
        expect(answer.ok.dropped).toBe(10)
      }),
      { numRuns: 5 },
    )
  })

  it.each([
    ['a character of two halves', '👍'],
    ['an accent', 'x\u0301'],
    ['joined characters', '👩\u200d🚀'],
  ])('cuts a route between letters, and not within %s', (_, letter) => {
    for (const length of [0, 1, 2, 3]) {
      const before = '/'.padEnd(MAX_ROUTE - length, 'x')
      const result = read(fc.sample(pageView, 1)[0] as PageView, { route: before + letter.repeat(3) })
      const route = 'ok' in result ? result.ok.route : ''
      expect(route.startsWith(before)).toBe(true)
      expect(route.length).toBeLessThanOrEqual(MAX_ROUTE)
      expect(route.slice(before.length).replaceAll(letter, '')).toBe('')
    }
  })

  it.each([
    ['an accent of its own', '/cafe\u0301', '/caf\u00e9'],
    ['a space of no width', '/check\u200bout', '/checkout'],
    ['a joiner that joins nothing', '/checkout\u200d', '/checkout'],
    ['a choice of form behind a letter', '/checkout\ufe0f', '/checkout'],
    ['a mark of direction', '/\u202etuokcehc', '/tuokcehc'],
    ['letters of tags', '/a\u{e0069}\u{e0067}\u{e006e}', '/a'],
    ['other spaces', ' /a\u00a0 \u3000b ', '/a b'],
    ['(other) and a soft hyphen', '(other)\u00ad', '[other]'],
    ['Persian, whose joiners are read', '/می\u200cخواهم', '/می\u200cخواهم'],
    ['an emoji of three', '/👩\u200d🚀', '/👩\u200d🚀'],
    ['an emoji of a digit', '/1\ufe0f\u20e3', '/1\ufe0f\u20e3'],
  ])('keeps a name of %s as it is seen', (_, sent, kept) => {
    const [view] = fc.sample(pageView, 1) as [PageView]
    const call = ['GET x', 1, 2, 'ok']
    const result = read(view, { route: sent, calls: [call.with(0, `GET ${sent}`)], release: sent })
    if ('error' in result) throw new Error(result.error.detail)
    const { route, release, calls } = result.ok
    expect([route, release]).toEqual([kept, kept])
    if (!sent.startsWith(' ') && !sent.startsWith('(')) expect(calls[0]?.endpoint).toBe(`GET ${kept}`)
  })

  it('keeps to its limits where a browser sends more than fits', () => {
    fc.assert(
      fc.property(pageView, view => {
        const long = 'x'.repeat(1_000)
        const wire = {
          ...JSON.parse(encode(view)),
          age: -3,
          navigation: 'reload',
          route: `/${long}`,
          release: long,
          vitals: { lcp: MAX_MS * 2, inp: -0.4, cls: MAX_CLS + 1, fcp: 1.6 },
          why: [[long, `/${long}`, -1, MAX_MS + 1, 2.5], null, null],
          calls: [[`GET /${long}`, -8.2, 1e9, 'ok', 200, -1, 1e10, [[long, 0.6]]]],
          dropped: -64,
        }
        expect(decode(JSON.stringify(wire))).toEqual({
          ok: {
            ...view,
            bfcache: undefined,
            age: 0,
            navigation: 'reload',
            route: `/${long}`.slice(0, MAX_ROUTE),
            release: long.slice(0, MAX_RELEASE),
            vitals: { lcp: MAX_MS, inp: 0, cls: MAX_CLS, fcp: 2, ttfb: null },
            why: {
              lcp: {
                target: long.slice(0, MAX_SELECTOR),
                url: `/${long}`.slice(0, MAX_SELECTOR),
                loadDelay: 0,
                loadDuration: MAX_MS,
                renderDelay: 3,
              },
              inp: null,
              cls: null,
            },
            calls: [
              {
                endpoint: `GET /${long}`.slice(0, MAX_ENDPOINT),
                start: 0,
                duration: MAX_MS,
                outcome: 'ok',
                status: 200,
                ttfb: 0,
                bytes: 1_000_000_000,
                server: [[long.slice(0, 32), 1]],
              },
            ],
            dropped: 0,
          },
        })
      }),
      { numRuns: 20 },
    )
  })

  it('gets from the worker what a browser has left to it', () => {
    const sent = { id: 'c0ffee', navigation: 'back-forward-cache', vitals: {}, route: '/p\n/\u0000[id]' }
    fc.assert(
      fc.property(anyView, view => {
        const read = decode(JSON.stringify({ ...JSON.parse(encode(view)), ...sent, release: '' }))
        expect(read).toMatchObject({
          ok: { id: '0000000000c0ffee', route: '/p/[id]', release: null, vitals: { lcp: null, ttfb: 0 } },
        })
      }),
      { numRuns: 20 },
    )
  })

  it('loses a mark that has no proper name or value, and nothing else', () => {
    const wrong = [
      ['two words', 1],
      ['', 1],
      [7, 1],
      ['x'.repeat(65), 1],
      ['a', -1],
      ['a', MAX_MARK + 1],
      ['a', null],
    ]
    fc.assert(
      fc.property(pageView, view => {
        const wire = { ...JSON.parse(encode(view)), marks: [...wrong, ['cart', 1.5]] }
        expect(decode(JSON.stringify(wire))).toEqual({
          ok: { ...view, marks: [{ name: 'cart', value: 2 }] },
        })
      }),
      { numRuns: 20 },
    )
  })
})
