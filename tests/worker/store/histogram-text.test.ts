import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { type Buckets, bucketsOf } from '../../../schema/domain/buckets.ts'
import { merge } from '../../../schema/domain/histogram.ts'
import { numberIn, type StoredHistogram, sumOf } from '../../../worker/store/histogram-reader.ts'
import {
  asText,
  histogramOf,
  histogramsIn,
  unreadIn,
  unreadRows,
} from '../../../worker/store/histogram-text.ts'
import { prepare } from '../../../worker/store/statement.ts'
import { random } from '../../kit/population.ts'

const VIEWS = '{"n":9,"s":9,"q":9.0}'
const LCP =
  '{"n":12,"s":6,"q":30.0,"good":9,"poor":1,"hidden":4,"h":{"-1":3,"245":5,"91":4,"0":1e2},"c":{"91":[2.0,4.0],"245":[0.0,1.5]}}'
const API =
  '{"n":3,"s":3,"q":1.0e+20,"good":3,"poor":0,"http":1,"network":2,"timeout":3,"aborted":4,"omitted":5,"ff":6.0,"mf":7.0,"h":{"288":3},"c":{}}'

/** What `JSON.parse` makes of it, in the form of what is tested. */
function parsed(text: string): object {
  const { aborted: _, hidden: __, h = {}, v, c = {}, ...fields } = JSON.parse(text)
  return {
    ...{ good: 0, poor: 0, http: 0, network: 0, timeout: 0, omitted: 0, ff: 0, mf: 0 },
    ...fields,
    h: bucketsIn(h),
    ...(v && { v: bucketsIn(v) }),
    c: Object.keys(c).length ? c : undefined,
  }
}

function bucketsIn(sums: Record<string, number>): Buckets {
  return bucketsOf(Object.entries(sums).map(([bucket, sum]) => [Number(bucket), sum]))
}

async function asked(...texts: (string | null)[]): Promise<(StoredHistogram | null)[]> {
  const columns = texts.map((_, i) => sql.raw(`m${i}`))
  const values = sql.join(
    texts.map((text, i) => sql`${text} AS ${columns[i]}`),
    sql`, `,
  )
  const row = await prepare(
    env.DB,
    sql`SELECT ${asText(columns)} AS histograms FROM (SELECT ${values})`,
  ).first()
  return histogramsIn(
    String(row?.histograms),
    texts.map((_, i) => `m${i}`),
  )
}

describe('the histograms of a row', () => {
  it('are those that D1 has stored', async () => {
    expect(await asked(VIEWS, null, LCP, API, null)).toEqual([
      parsed(VIEWS),
      null,
      parsed(LCP),
      parsed(API),
      null,
    ])
  })

  it('are what JSON.parse makes of them, whatever they hold', () => {
    const next = random(41)
    const some = (below: number) => Math.floor(next() * below)
    for (let i = 0; i < 300; i++) {
      const sums = () =>
        Object.fromEntries(Array.from({ length: some(40) }, () => [some(700) - 1, 1 + some(10 ** some(17))]))
      const text = JSON.stringify({
        n: some(1e9),
        s: some(99),
        q: some(1e9) / 7,
        good: some(9),
        poor: some(9),
        ...(some(2) && { v: sums() }),
        h: sums(),
      })
      expect(histogramOf(text)).toEqual(parsed(text))
    }
  })

  it('are added up where they come in parts', () => {
    const [one = '', two = ''] = [
      { n: 4, s: 2, q: 8, good: 2, poor: 2, h: { 91: 2, 245: 2 } },
      { n: 3, s: 3, q: 3, good: 3, poor: 0, h: { '-1': 1, 245: 2 } },
    ].map(part => JSON.stringify(part))
    const sum = { n: 7, s: 5, q: 11, good: 5, poor: 2 }
    const mixed = { ...sum, v: { '-1': 1, 91: 4, 245: 6 }, h: { '-1': 1, 91: 2, 245: 4 } }
    const added = (...parts: string[]) => histogramOf(parts.join('+'))
    const is = (whole: object) => parsed(JSON.stringify(whole))
    expect(added(one, two)).toEqual(is(mixed))
    expect(added(two, one)).toEqual(is(mixed))
    const alike = { n: 8, s: 4, q: 16, good: 4, poor: 4, h: { 91: 4, 245: 4 } }
    expect(added(one, one)).toEqual(is(alike))
    const more = {
      n: 11,
      s: 7,
      q: 19,
      good: 7,
      poor: 4,
      v: { '-1': 1, 91: 8, 245: 10 },
      h: { '-1': 1, 91: 4, 245: 6 },
    }
    expect(added(one, JSON.stringify(mixed))).toEqual(is(more))
    expect(added(JSON.stringify(mixed), one)).toEqual(is(more))
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const broken of [`${one}+`, `${one}+7`, `${one}+{"n":`, `${one}${two}`, `+${one}`])
      expect(histogramOf(broken), broken).toBe(null)
    expect(histogramOf(LCP)).toEqual(parsed(LCP))
    logged.mockRestore()
  })

  it('are added up as they are read, without those that are broken', () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const unread = (...texts: string[]) =>
      unreadIn(texts.map(text => text.replaceAll('"', '')).join('|'), texts.length).filter(
        one => one !== null,
      )
    const broken = ['{"n":9,"s":9,"q":9,"h":{"91":9,"245":x}}', '{"n":9,"s":9,"h":{"91":9}}']
    const whole = merge([LCP, API].flatMap(text => histogramOf(text) ?? []))
    const failures = { http: 1, network: 2, timeout: 3, omitted: 5, ff: 6, mf: 7 }
    expect(sumOf(unread(LCP, API))).toEqual({ ...whole, ...failures })
    expect(logged).not.toHaveBeenCalled()
    expect(sumOf(unread(broken[0] ?? '', LCP, '', broken[1] ?? '', API))).toEqual({ ...whole, ...failures })
    expect(logged).toHaveBeenCalledTimes(2)
    expect(sumOf(unread(...broken))).toBe(null)
    expect(sumOf([])).toBe(null)
    logged.mockRestore()
  })

  it('come row by row, or not at all where there are more or fewer', () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const places = (text: string, count: number) =>
      unreadRows(text, count).map(row => row.map(one => one?.from ?? null))
    expect(places('{a}|{b}||{c}', 2)).toEqual([
      [0, 4],
      [null, 9],
    ])
    expect(places('{a}', 1)).toEqual([[0]])
    expect(logged).not.toHaveBeenCalled()
    expect(places('{a}|{b}|{c}', 2)).toEqual([])
    expect(logged).toHaveBeenCalledOnce()
    logged.mockRestore()
  })

  it('tell a number without their buckets', () => {
    const [views, lcp] = unreadIn(`${VIEWS}|${LCP}`.replaceAll('"', ''), 2)
    if (!views || !lcp) throw new Error('nothing to read')
    expect(numberIn(lcp, 'n')).toBe(12)
    expect(numberIn(lcp, 'hidden')).toBe(4)
    expect(numberIn(views, 'n')).toBe(9)
    // Not that of the next.
    expect(numberIn(views, 'hidden')).toBeNaN()
  })

  it('cost themselves where they are broken, and the row where one has a bar', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const broken = ['{"n":', 'null', '7', '[]', '{}', '"text"', '{"n":1,"s":1}', `${LCP}}`]
    const others = [
      '{"n":1,"s":1,"q":1,"h":[]}',
      '{"n":1,"s":1,"q":1,"h":{"x":1}}',
      '{"n":1,"s":1,"q":1,"h":{"1.5":1}}',
    ]
    for (const text of [...broken, ...others]) {
      expect(await asked(VIEWS, text, API), text).toEqual([parsed(VIEWS), null, parsed(API)])
    }
    expect(logged).toHaveBeenCalledTimes(broken.length + others.length)
    expect(await asked(VIEWS, 'a|b', API)).toEqual([null, null, null])
    logged.mockRestore()
  })

  it('end wherever a text is cut, or has another letter', () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const whole = LCP.replaceAll('"', '')
    for (let end = 1; end < whole.length; end++)
      expect(histogramsIn(whole.slice(0, end), ['lcp'])).toEqual([null])
    for (const letter of '{}[]:,|.-0x') {
      for (let i = 0; i < whole.length; i++) {
        const [found] = histogramsIn(whole.slice(0, i) + letter + whole.slice(i + 1), ['lcp'])
        expect(found?.n ?? 0).toBeTypeOf('number')
      }
    }
    // Nothing of a broken one is left for the next.
    expect(histogramOf(LCP)).toEqual(parsed(LCP))
    logged.mockRestore()
  })
})
