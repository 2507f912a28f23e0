/**
 * What strangers send: texts, values and JSON that have broken something somewhere, and ways to break what is whole.
 */

import fc from 'fast-check'

/** Texts, as JavaScript has them. */
export const TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\r\nX: y',
  '\u001b[2J',
  '\u007f\u0085\u200b\u202e\u2028\ufeff\uffff',
  '\ud800',
  '\udc00x',
  '\ufffd',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e999',
  '-1',
  '0x10',
  '9007199254740993',
  '99999999999999999999999',
  '1.5',
  "' OR 1=1 --",
  '"; DROP TABLE pageviews; --',
  '%',
  '%zz',
  '%00',
  '%ff%fe',
  '$.lcp[0]',
  '[object Object]',
  '{"a":1',
  '[[[[[[[[[[',
  '<script>alert(1)</script>',
  '=HYPERLINK("http://evil")',
  '../../etc/passwd',
  '😀'.repeat(100),
  'x'.repeat(3_000),
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '-9999d',
]

/** Values of JSON, some of them only JSON's: `1e999` is read as Infinity. */
const VALUES: readonly string[] = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e999',
  '-1e999',
  '1e21',
  '9007199254740993',
  '600001',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"__proto__":{"x":1}}',
  '{"constructor":null}',
  '{"length":3}',
  '"\\ud800"',
  '"\\u0000"',
]

export const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)

/** A JSON text for one value. */
const anyValue = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: anyText.map(text => JSON.stringify(text)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
)

/** A JSON text that is almost one of `whole`: a value replaced, left out, doubled, or the text itself damaged. */
export function almost(whole: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({ at: fc.nat(), how: fc.nat(5), value: anyValue, name: anyText })
  const base = fc.constantFrom(...whole)
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(base, fc.array(change, { minLength: 1, maxLength: 3 })).map(changed) },
    { weight: 1, arbitrary: fc.tuple(base, fc.nat(), anyText).map(spliced) },
    { weight: 1, arbitrary: anyValue },
    { weight: 1, arbitrary: anyText },
    { weight: 1, arbitrary: base },
  )
}

interface Change {
  at: number
  how: number
  value: string
  name: string
}

const ROOT = '\u0001root'
/** Marks a place in a tree until the tree is text, so that values need not be what JavaScript can hold. */
const HOLE = '\u0001hole:'

function changed([text, changes]: [string, Change[]]): string {
  const root: Record<string, unknown> = { [ROOT]: JSON.parse(text) }
  const holes: string[] = []
  for (const { at, how, value, name } of changes) {
    const places = placesOf(root)
    const place = places[at % places.length]
    if (!place) continue
    const { parent, key } = place
    if (how === 0 && Array.isArray(parent)) parent.splice(Number(key), 1)
    else if (how === 0 && key !== ROOT) delete parent[key]
    else if (how === 1 && Array.isArray(parent)) parent.push(parent[Number(key)])
    else if (how === 1 && key !== ROOT) {
      Object.defineProperty(parent, name, {
        value: parent[key],
        enumerable: true,
        configurable: true,
        writable: true,
      })
    } else {
      parent[key] = `${HOLE}${holes.length}`
      holes.push(value)
    }
  }
  const json = JSON.stringify(root[ROOT]) ?? 'null'
  return json.replace(/"\\u0001hole:(\d+)"/g, (_, i) => holes[Number(i)] ?? 'null')
}

type Parent = Record<string, unknown> & unknown[]

function placesOf(parent: object): { parent: Parent; key: string }[] {
  return Object.entries(parent).flatMap(([key, value]) => [
    { parent: parent as Parent, key },
    ...(value !== null && typeof value === 'object' ? placesOf(value) : []),
  ])
}

function spliced([text, at, insert]: [string, number, string]): string {
  const place = at % (text.length + 1)
  return text.slice(0, place) + insert + text.slice(place + (at % 7))
}
