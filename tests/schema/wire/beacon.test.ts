import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCall, encodeCall } from '../../../schema/storage/row.ts'
import { decodeAttribution, encodeAttribution } from '../../../schema/wire/attribution-lists.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { decode } from '../../../schema/wire/decode.ts'
import { MAX_AGE } from '../../../schema/wire/values.ts'
import { call, pageView, why } from '../../kit/arbitrary.ts'

describe('a beacon', () => {
  it('carries any valid page view through encode and decode unchanged', () => {
    fc.assert(
      fc.property(pageView, view => {
        expect(decode(encode(view))).toEqual({ ok: view })
      }),
      { numRuns: 500 },
    )
  })

  it('passes whatever a browser may hand to encode', () => {
    const anything = fc.double({ min: -MAX_AGE, max: MAX_AGE, noNaN: true })
    const vital = fc.oneof(anything, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY))
    const vitals = fc.record({ lcp: vital, inp: vital, cls: vital, fcp: vital, ttfb: vital })
    const wild = fc.record({
      view: pageView,
      vitals,
      age: anything,
      start: anything,
      duration: anything,
      ttfb: vital,
      bytes: vital,
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

describe('encode', () => {
  it('writes the same whatever a page has put on its prototypes', () => {
    const odd = Object.assign(() => 'odd', { odd: true })
    const prototypes: object[] = [Array.prototype, Object.prototype, String.prototype, Number.prototype]
    fc.assert(
      fc.property(pageView, view => {
        const plain = encode(view)
        for (const prototype of prototypes) Reflect.set(prototype, 'toJSON', odd)
        try {
          expect(encode(view) === plain).toBe(true)
        } finally {
          for (const prototype of prototypes) Reflect.deleteProperty(prototype, 'toJSON')
        }
        expect(JSON.parse(plain)).toMatchObject({ v: 1, id: view.id, vitals: view.vitals })
      }),
      { numRuns: 50 },
    )
  })
})

describe('a row', () => {
  const stored = (value: unknown) => JSON.parse(JSON.stringify(value))

  it('keeps any call as a list, without the nulls at its end', () => {
    fc.assert(
      fc.property(call, call => {
        const list = stored(encodeCall(call))
        expect(list.at(-1)).not.toBeNull()
        expect(decodeCall(list)).toEqual(call)
      }),
    )
  })

  it('keeps any causes, and no list where there are none', () => {
    fc.assert(
      fc.property(why, why => {
        const lists = stored(encodeAttribution(why) ?? {})
        expect(decodeAttribution(lists)).toEqual(why)
      }),
    )
    expect(encodeAttribution({ lcp: null, inp: null, cls: null })).toBeUndefined()
  })
})
