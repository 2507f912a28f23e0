import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encode, MAX_CALLS, MAX_MARKS, MAX_SELECTOR, MAX_SERVER } from '../../schema/beacon.ts'
import {
  decode,
  MAX_AGE,
  MAX_CLS,
  MAX_ENDPOINT,
  MAX_MARK,
  MAX_MS,
  MAX_RELEASE,
  MAX_ROUTE,
} from '../../schema/decode.ts'
import { anyView, pageView } from './arbitrary.ts'

/** A change that makes a beacon wrong, and the field that must be named. */
const mutations: [string, object][] = [
  ['v', { v: 2 }],
  ['id', { id: 'XYZ' }],
  ['id', { id: undefined }],
  ['sequence', { sequence: -1 }],
  ['weight', { weight: 0 }],
  ['weight', { weight: 1.5 }],
  ['weight', { weight: 1001 }],
  ['age', { age: MAX_AGE + 1 }],
  ['age', { age: null }],
  ['navigation', { navigation: 'teleport' }],
  ['route', { route: '' }],
  ['route', { route: '/p?q=1' }],
  ['route', { route: '/p#top' }],
  ['release', { release: {} }],
  ['connection', { connection: '6g' }],
  ['touch', { touch: 2 }],
  ['vitals', { vitals: undefined }],
  ['vitals.lcp', { vitals: { lcp: 'fast' } }],
  ['vitals.inp', { vitals: { inp: 1e12 } }],
  ['vitals.fid', { vitals: { fid: 1 } }],
  ['phases', { phases: 7 }],
  ['phases.2', { phases: [0, 0, null, 0, 0, 0, 0] }],
  ['why.0.1', { why: [['img', '/a.png?token=1', 1, 2, 3], null, null] }],
  ['why.1.6.2', { why: [null, ['a', 'click', 1, 2, 3, 4, ['', '', '1']], null] }],
  ['why.2', { why: [null, null, 7] }],
  ['why.3', { why: [null, null, null, []] }],
  ['calls', { calls: Array(MAX_CALLS + 1).fill(['GET /', 0, 0, 'ok']) }],
  ['calls.0.0', { calls: [['', 0, 0, 'ok']] }],
  ['calls.0.3', { calls: [['GET /', 0, 0, 'fine']] }],
  ['calls.0.7', { calls: [['GET /', 1, 2, 'ok', 200, 1, 1, Array(MAX_SERVER + 1).fill(['a', 1])]] }],
  [
    'calls.1.2',
    {
      calls: [
        ['GET /', 0, 0, 'ok'],
        ['GET /', 0, '9', 'ok'],
      ],
    },
  ],
  ['dropped', { dropped: 'many' }],
  ['marks', { marks: Array(MAX_MARKS + 1).fill(['cart', 1]) }],
  ['extra', { extra: 1 }],
]

describe('a beacon that is read', () => {
  it.each(mutations)('with a wrong %s is refused by that name', (field, change) => {
    fc.assert(
      fc.property(pageView, view => {
        const answer = decode(JSON.stringify({ ...JSON.parse(encode(view)), ...change }))
        expect('error' in answer && answer.error.field).toBe(field)
        expect('error' in answer && answer.error.detail).toMatch(/\w/)
      }),
      { numRuns: 20 },
    )
  })

  it.each(['', 'null', '[]', '7', '"x"', '{"v":1'])('that is %j is refused, never thrown over', body => {
    expect(decode(body)).toHaveProperty('error.field')
  })

  it('is cut to its limits where a browser sends more than is kept', () => {
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

  it('is made whole where a browser leaves work to the worker', () => {
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
