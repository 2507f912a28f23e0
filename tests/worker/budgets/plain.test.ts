import { describe, expect, it } from 'vitest'
import { plain } from '../../../worker/budgets/message.ts'
import { csv } from '../../../worker/query/csv.ts'

describe('a name from a page, in a message', () => {
  it.each([
    ['/p/[id]', '/p/ id '],
    ['GET /api/v1/cart', 'GET /api/v1/cart'],
    ['2.4.0', '2.4.0'],
    ['/日本語/über', '/日本語/über'],
    ['https://evil.example/x', 'https: //evil(.)example/x'],
    ['www.evil.example', 'www(.)evil(.)example'],
    ['evil。example', 'evil(.)example'],
    ['evil．example', 'evil(.)example'],
    ['mailto:a@evil.example', 'mailto: a evil(.)example'],
    ['@here <!channel> <@U1> #general', ' here   channel    U1   general'],
    ['＠everyone ＜x＞', ' everyone  x '],
    ['a\u200b@\u200beveryone', 'a everyone'],
    ['**b** _i_ ~s~ `c` |s| [x](y)', '  b    i   s   c   s   x (y)'],
    ['/\u202egnp.exe\u2066\u2028\r\nx', '/gnp(.)exex'],
    ['\ud800/\u{e0041}\u00ad', '/'],
    ['/שלום', '\u2068/שלום\u2069'],
  ])('%j is %j', (name, text) => {
    expect(plain(name)).toBe(text)
  })
})

describe('a cell of a CSV', () => {
  const cellOf = (value: unknown) => csv([{ x: value }], [['x']]).slice('x\r\n'.length, -'\r\n'.length)

  it.each([
    '=1+1',
    '+1',
    '-1+1',
    '@SUM(A1)',
    '＝1+1',
    '﹢1',
    '－1',
    '−1',
    '＠x',
    '⁼1',
    ' =1',
    '\t=1',
    '\u00a0=1',
    '\u200b=1',
    '\ufeff=1',
    '\u202e=1',
    '\0=1',
    '\u3164=1',
    '"=1',
    '\r\n=1',
  ])('that begins like a formula is text: %j', value => {
    expect(cellOf(value).replace(/^"/, '')).toMatch(/^'/)
  })

  it('is text where another spreadsheet begins a cell or a row in its middle', () => {
    expect(cellOf('a;=1')).toBe("a;'=1")
    expect(cellOf('a; +1;b')).toBe("a;' +1;b")
    expect(cellOf('a\t@1')).toBe("a\t'@1")
    expect(cellOf('a\n-1')).toBe(`"a\n'-1"`)
    expect(cellOf('a\u2028=1')).toBe("a\u2028'=1")
  })

  it.each([
    ['/a-b=c', '/a-b=c'],
    ['GET /a', 'GET /a'],
    ['', ''],
    [-1.5, '-1.5'],
    [0, '0'],
    [null, ''],
  ])('that is none stays as it is: %j', (value, text) => {
    expect(cellOf(value)).toBe(text)
  })
})
