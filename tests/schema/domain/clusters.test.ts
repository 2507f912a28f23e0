import { describe, expect, it } from 'vitest'
import { bucketOf } from '../../../schema/domain/buckets.ts'
import { effectiveSize } from '../../../schema/domain/clusters.ts'
import { collected, type Histogram, merge, nothing } from '../../../schema/domain/histogram.ts'
import { quantile } from '../../../schema/domain/normal.ts'
import { percentiles } from '../../../schema/domain/percentiles.ts'
import { random } from '../../kit/population.ts'

const PS = [50, 75, 95]
const MEDIAN = 300
const SPREAD = 0.8

/** A page view: its weight and the durations of its calls, in grains. */
interface View {
  w: number
  calls: readonly number[]
}

/** What the worker stores of some page views; without `paired` as it did before it counted pairs. */
function stored(views: readonly View[], paired = true): Histogram {
  const sum = { ...nothing(), ...(paired && { c: {} }) }
  for (const { w, calls } of views) {
    for (const [place, x] of calls.toSorted((a, b) => a - b).entries()) {
      const bucket = bucketOf(x)
      sum.n += w
      sum.s++
      sum.q += w * w
      sum.h.set(bucket, (sum.h.get(bucket) ?? 0) + w)
      if (!sum.c || calls.length < 2) continue
      const [pairs, partners] = sum.c[bucket] ?? [0, 0]
      sum.c[bucket] = [pairs + w * w * 2 * place, partners + w * w * (calls.length - 1)]
    }
  }
  return collected(sum)
}

interface Site {
  /** Page views, and calls of each. */
  views: number
  calls: number
  /** The share of the variance of log durations that lies between visitors. */
  between: number
  /** Durations relative to the median, from a visitor's and a call's normal number. */
  latent?: (visitor: number, call: number, i: number) => number
  /** Calls of a page view and its weight. */
  sizeOf?: (calls: number, next: () => number) => number
  weightOf?: (next: () => number) => number
}

function visit({ views, calls, between, latent, sizeOf, weightOf }: Site, next: () => number): View[] {
  const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return Array.from({ length: views }, () => {
    const visitor = gauss()
    const size = sizeOf ? sizeOf(calls, next) : calls
    const log = (i: number) =>
      latent ? latent(visitor, gauss(), i) : Math.sqrt(between) * visitor + Math.sqrt(1 - between) * gauss()
    return {
      w: weightOf ? weightOf(next) : 1,
      calls: Array.from({ length: size }, (_, i) => Math.round(MEDIAN * Math.exp(SPREAD * log(i)))),
    }
  })
}

interface Coverage {
  /** Shares of the trials, by percentile. */
  covered: number[]
  unbounded: number[]
  /** Log width, as a multiple of the width that treats all calls as independent; the mean. */
  wider: number[]
}

function coverage(site: Site, trials: number, truth: readonly number[]): Coverage {
  const next = random(site.views * 7 + site.calls * 13 + site.between * 101)
  const sums = PS.map(() => ({ covered: 0, unbounded: 0, width: 0, naive: 0 }))
  for (let trial = 0; trial < trials; trial++) {
    const views = visit(site, next)
    const naive = percentiles(stored(views, false), PS, null)
    for (const [i, found] of percentiles(stored(views), PS, null).entries()) {
      const [sum, value, plain] = [sums[i], truth[i] ?? Number.NaN, naive[i]]
      if (!sum || !found || !plain) throw new Error('no percentile')
      const { low, high } = found
      if ((low === null || low <= value + 1e-9) && (high === null || value - 1e-9 <= high)) sum.covered++
      if (low === null || high === null) sum.unbounded++
      else {
        sum.width += Math.log(high / low)
        sum.naive += Math.log((plain.high ?? high) / (plain.low ?? low))
      }
    }
  }
  return {
    covered: sums.map(({ covered }) => covered / trials),
    unbounded: sums.map(({ unbounded }) => unbounded / trials),
    wider: sums.map(({ width, naive }) => (naive ? width / naive : Number.NaN)),
  }
}

const LOG_NORMAL = PS.map(p => MEDIAN * Math.exp(SPREAD * quantile(p / 100)))

/** The percentiles of very many page views of a site. */
function truthOf(site: Site): number[] {
  const sorted = visit({ ...site, views: 400_000 / site.calls }, random(4711))
    .flatMap(({ calls }) => calls)
    .sort((a, b) => a - b)
  return PS.map(p => sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? Number.NaN)
}

const TRIALS = 200
/** `FULL=1` prints the table of many more trials. */
const FULL = process.env.FULL === '1'

describe('the interval of calls that come several from one page view covers the truth', () => {
  const grid = [30, 120].flatMap(views =>
    [1, 3, 10, 30].flatMap(calls => [0, 0.25, 0.5, 1].map(between => [views, calls, between] as const)),
  )
  it.each(grid)('%i page views of %i calls, %f of the variance between visitors', (views, calls, between) => {
    const { covered, unbounded, wider } = coverage(
      { views, calls, between },
      FULL ? 4_000 : TRIALS,
      LOG_NORMAL,
    )
    if (FULL) {
      const row = PS.map((p, i) =>
        [
          `p${p}`,
          `${((covered[i] ?? 0) * 100).toFixed(1)} %`,
          `open ${((unbounded[i] ?? 0) * 100).toFixed(0)} %`,
          `width ${(wider[i] ?? 0).toFixed(2)}`,
        ].join(' '),
      )
      console.log([views, calls, between, ...row].join(' | '))
    }
    for (const [i, p] of PS.entries()) {
      // 200 trials tell a coverage of 95 % within 3 % at two standard errors.
      expect(covered[i], `p${p}`).toBeGreaterThanOrEqual(0.92)
      if (between === 0 && !unbounded[i]) expect(wider[i], `width of p${p}`).toBeLessThanOrEqual(2)
      if (calls === 1 && !unbounded[i]) expect(wider[i], `width of p${p}`).toBe(1)
    }
  })

  it.each<[string, Omit<Site, 'views' | 'calls' | 'between'>]>([
    [
      'every fifth visitor is slow',
      { latent: (visitor, call) => (visitor > 0.84 ? 1.5 : -0.4) + 0.7 * call },
    ],
    ['visitors differ by outliers', { latent: (visitor, call) => 0.3 * visitor ** 3 + 0.7 * call }],
    [
      'every page view has the same endpoints',
      { latent: (visitor, call, i) => (i % 5 ? -0.5 : 1.8) + 0.5 * visitor + 0.5 * call },
    ],
    [
      'page views have many calls or few',
      { sizeOf: (calls, next) => Math.max(1, Math.round(-calls * Math.log(1 - next()))) },
    ],
    ['page views have unlike weights', { weightOf: next => [1, 1, 1, 4, 8][Math.floor(next() * 5)] ?? 1 }],
  ])('where %s', (_, shape) => {
    for (const calls of [3, 10, 30]) {
      const site = { views: 120, calls, between: 0.5, ...shape }
      const { covered } = coverage(site, TRIALS / 2, shape.latent ? truthOf(site) : LOG_NORMAL)
      for (const [i, p] of PS.entries())
        expect(covered[i], `p${p}, ${calls} calls`).toBeGreaterThanOrEqual(0.91)
    }
  })
})

describe('the effective size of calls', () => {
  const next = random(5)
  const site = { views: 500, calls: 10, between: 0.5 }
  const views = visit(site, next)
  const whole = stored(views)

  it("equals Kish's with one call a page view, or without pairs", () => {
    const single = stored(visit({ ...site, calls: 1 }, next))
    expect(effectiveSize(single)(75)).toBe(500)
    expect(effectiveSize(stored(views, false))(75)).toBe(5_000)
  })

  it('lies between the page views and the calls, and is never above that of Kish', () => {
    for (const p of [1, 25, 50, 75, 95, 99.9]) {
      expect(effectiveSize(whole)(p)).toBeLessThanOrEqual(5_000)
      expect(effectiveSize(whole)(p)).toBeGreaterThanOrEqual(400)
    }
  })

  it('is one a page view where all calls of one are the same', () => {
    const same = stored(
      Array.from({ length: 200 }, (_, i) => ({ w: 1, calls: Array(10).fill(100 + i * 20) })),
    )
    expect(effectiveSize(same)(75) / 200).toBeCloseTo(1, 1)
  })

  it('of parts added up is that of all', () => {
    const parts = [views.slice(0, 20), views.slice(20, 300), views.slice(300)].map(part => stored(part))
    expect(merge(parts)).toEqual(whole)
  })

  it('takes calls for independent in hours from before pairs were counted', () => {
    const merged = merge([stored(views.slice(0, 250)), stored(views.slice(250), false)])
    const size = effectiveSize(merged)(75)
    expect(size).toBeGreaterThan(effectiveSize(whole)(75))
    expect(size).toBeLessThan(5_000)
  })
})
