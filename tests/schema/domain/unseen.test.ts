import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable } from '../../../cli/printable.ts'
import { withCodes } from '../../../schema/domain/unseen.ts'
import { cutText } from '../../../schema/wire/values.ts'

/** What is unseen, what joins, and what stands beside them; the Kelvin sign is K once it is normal. */
const LETTERS = [
  ...[
    'a',
    '1',
    '#',
    ' ',
    '/',
    '\u00e9',
    '\u0301',
    '\u00a0',
    '\u3000',
    '\u2028',
    '\u212a',
    '\u2764',
    '\u0645',
    '\ud800',
  ],
  ...[
    '\u0000',
    '\n',
    '\u0085',
    '\u00ad',
    '\u034f',
    '\u061c',
    '\u115f',
    '\u180b',
    '\u200b',
    '\u200c',
    '\u200d',
    '\u200f',
  ],
  ...[
    '\u202e',
    '\u2060',
    '\u2066',
    '\u20e3',
    '\u3164',
    '\ufe0f',
    '\ufeff',
    '\ufff9',
    '\u{e0069}',
    '\u{e0100}',
    '\u{1f469}',
  ],
]

describe('letters that nobody sees', () => {
  it('are the same for the beacon, the dashboard and the CLI', () => {
    const text = fc.array(fc.constantFrom(...LETTERS), { maxLength: 12 }).map(letters => letters.join(''))
    fc.assert(
      fc.property(text, text => {
        const kept = cutText(text, 200)
        expect(withCodes(kept)).toBe(kept)
        expect(printable(kept)).toBe(kept)
        expect(cutText(kept, 200)).toBe(kept)
      }),
      { numRuns: 20_000 },
    )
  })

  it.each([
    ['/pay\u200b\u200d', '/pay\\u200b\\u200d'],
    ['a\u00a0\u200db', 'a\u00a0\\u200db'],
    ['\u200dx', '\\u200dx'],
    ['x\u{e0069}', 'x\\udb40\\udc69'],
    ['1\ufe0f\u20e3 #\ufe0f\u20e3', '1\ufe0f\u20e3 #\ufe0f\u20e3'],
    ['\u0645\u06cc\u200c\u062e', '\u0645\u06cc\u200c\u062e'],
  ])('are written as codes: %j', (text, shown) => {
    expect([withCodes(text), printable(text)]).toEqual([shown, shown])
  })

  it('cost no more time where there are many', () => {
    const long = ['\u200d', '\u200b', 'a\u200d', '\u00e9\u200d'].map(text => text.repeat(30_000))
    const began = performance.now()
    for (const text of long) withCodes(text)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
