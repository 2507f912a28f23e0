import { describe, expect, it } from 'vitest'
import { bucketOf } from '../../../schema/domain/buckets.ts'
import { compare, type Pair } from '../../../schema/domain/changed.ts'
import { collected, type Histogram, merge, nothing } from '../../../schema/domain/histogram.ts'
import { below, beyond, quantileBeyond } from '../../../schema/domain/normal.ts'
import { random } from '../../kit/population.ts'

const LIMITS = { good: 2500, poor: 4000 }
const ROUTES = 60
const VIEWS = 10_000
const DEVICES = [
  ['phone', 0.55, 1.4],
  ['desktop', 0.4, 0.9],
  ['tablet', 0.05, 1.2],
] as const

/** How many page views a row stands for, by the design of the sampling. */
type Weigh = (next: () => number) => number
const WEIGHTS: Record<string, Weigh> = {
  'weights alike': () => 8,
  // A third of the browsers keeps one of ten; half of the time the worker keeps one of four.
  'mixed weights': next => (next() < 1 / 3 ? 10 : 1) * (next() < 1 / 2 ? 4 : 1),
}

/** The histograms of one period of a site: each route with each device, by name. */
function period(next: () => number, views: number, weigh: Weigh, factor: (name: string) => number) {
  const groups = new Map<string, Histogram>()
  for (let route = 0; route < ROUTES; route++) {
    // A few routes have most of the traffic, as on any site.
    const share = 1 / (route + 2) / 3.4
    for (const [device, part, slower] of DEVICES) {
      const name = `/r${route} ${device}`
      const sum = nothing()
      const size = Math.round(views * share * part)
      for (let i = 0; i < size; i++) {
        const gauss = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
        const x = Math.round(Math.exp(7.1 + 0.6 * gauss) * slower * factor(name))
        const w = weigh(next)
        const bucket = bucketOf(x)
        sum.n += w
        sum.s++
        sum.q += w * w
        if (x <= LIMITS.good) sum.good += w
        if (x > LIMITS.poor) sum.poor += w
        sum.h.set(bucket, (sum.h.get(bucket) ?? 0) + w)
      }
      groups.set(name, collected(sum))
    }
  }
  return groups
}

/** What the dashboard compares: all, each route, each device, and each route with each device. */
function dashboard(before: Map<string, Histogram>, after: Map<string, Histogram>): Pair<string>[] {
  const sum = (of: Map<string, Histogram>, matches: (name: string) => boolean) =>
    merge([...of].flatMap(([name, histogram]) => (matches(name) ? [histogram] : [])))
  const pair = (of: string, matches: (name: string) => boolean): Pair<string> => ({
    of,
    before: sum(before, matches),
    after: sum(after, matches),
    limits: LIMITS,
  })
  return [
    pair('all', () => true),
    ...DEVICES.map(([device]) => pair(device, name => name.endsWith(` ${device}`))),
    ...Array.from({ length: ROUTES }, (_, i) => pair(`/r${i}`, name => name.startsWith(`/r${i} `))),
    ...[...after.keys()].map(of => ({
      ...{ of, limits: LIMITS },
      ...{ before: before.get(of) ?? null, after: after.get(of) ?? null },
    })),
  ]
}

describe('60 routes on 3 devices', () => {
  const RUNS = 200
  it.each(Object.entries(WEIGHTS))(
    'show a change in at most 5 of 100 dashboards of unchanged data: %s',
    (_, weigh) => {
      const next = random(20_261_128)
      let [shown, compared] = [0, 0]
      for (let run = 0; run < RUNS; run++) {
        const [before, after] = [1, 2].map(() => period(next, VIEWS, weigh, () => 1))
        if (!before || !after) throw new Error('two periods')
        const found = compare(dashboard(before, after), 75)
        compared += found.compared
        if (found.changed.length) shown++
      }
      expect(compared / RUNS).toBeGreaterThan(60)
      expect(shown / RUNS).toBeLessThanOrEqual(0.05)
    },
  )

  it.each(Object.entries(WEIGHTS))(
    'show phones that are slower by two thirds on one route: %s',
    (_, weigh) => {
      const next = random(7)
      for (let run = 0; run < 20; run++) {
        const before = period(next, VIEWS, weigh, () => 1)
        const after = period(next, VIEWS, weigh, name => (name === '/r1 phone' ? 1.66 : 1))
        const { changed } = compare(dashboard(before, after), 75)
        const found = changed.find(({ of }) => of === '/r1 phone')
        expect(found?.change.verdict).toBe('degrading')
        expect(found?.harmed).toBeGreaterThan(0)
        expect(found?.change.difference?.low).toBeGreaterThan(0)
        expect(found?.change.confidence).toBeGreaterThanOrEqual(0.95)
        expect(changed.filter(({ of }) => !/^(all|phone|\/r1|\/r1 phone)$/.test(of))).toEqual([])
      }
    },
  )
})

describe('what changed', () => {
  const at = (x: number, n: number): Histogram => ({
    ...{ n, s: n, q: n, good: x <= LIMITS.good ? n : 0, poor: 0 },
    h: { at: [bucketOf(x)], weights: [n] },
  })
  const pair = (of: string, before: number, after: number, n = 1_000) => ({
    of,
    before: at(before, n),
    after: at(after, n),
    limits: LIMITS,
  })

  it('comes by page views harmed, with what became good at the end', () => {
    const { changed } = compare(
      [
        pair('better', 3_000, 1_000),
        pair('few', 2_000, 3_000, 200),
        pair('many', 2_000, 3_000),
        pair('good', 900, 1_500),
      ],
      75,
    )
    expect(changed.map(({ of, harmed }) => [of, harmed])).toEqual([
      ['many', 1_000],
      ['few', 200],
      ['good', 0],
      ['better', -1_000],
    ])
  })

  it('leaves out changes under 10 %, and counts stable, unclear and unknown groups', () => {
    const { changed, ...counts } = compare(
      [pair('small', 1_000, 1_050, 9_000), pair('same', 1_000, 1_000), pair('three', 900, 1_500, 3)],
      75,
    )
    expect(changed).toEqual([])
    expect(counts).toEqual({ compared: 2, stable: 2, unclear: 0, unknown: 1 })
  })
})

describe('the tail of the normal distribution', () => {
  it('agrees with the share below, and finds its way back', () => {
    for (const z of [-2, 0, 1, 1.96, 3]) expect(beyond(z)).toBeCloseTo(1 - below(z), 6)
    expect(beyond(5) / 2.866515719e-7).toBeCloseTo(1, 5)
    for (const tail of [0.025, 1e-4, 1e-9]) expect(beyond(quantileBeyond(tail)) / tail).toBeCloseTo(1, 6)
  })
})
