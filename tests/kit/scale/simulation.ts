/**
 * A site's visitors, the isolates that meet them, and one database: a scenario goes in, what was written and how near the
 * figures are to the truth comes out. Chance comes from the seed and time from the clock, so each run is the same.
 *
 * Beacons that no rate in force could keep are not met one by one: each isolate takes their number every four minutes. What
 * is left is exact, since a sum of Poisson processes is one.
 */

import { collect } from '../../../schema/domain/histogram.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../schema/domain/hour.ts'
import { type Percentile, percentiles } from '../../../schema/domain/percentiles.ts'
import type { Ms, OneIn } from '../../../schema/domain/units.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { random } from '../population.ts'
import { Clock } from './clock.ts'
import { D1Model, type Usage } from './d1-model.ts'
import { type Isolate, isolates } from './isolates.ts'

export interface Scenario {
  isolates: number
  /** Page views a second at a time of the day, in ms from its begin. */
  perSecond(time: Ms): number
  /** How long the simulated part is, in ms. */
  length: Ms
  rowsPerDay: number
  /** The rate in force as it begins; without it nothing is known of the traffic. */
  rate?: OneIn
  seed: number
}

export interface Outcome {
  usage: Usage
  /** Rows of `pageviews` that were written by each minute. */
  storedByMinute: number[]
  fates: Record<string, number>
  /** The rates that were announced, with ms from the begin. */
  rates: { since: Ms; rate: number }[]
  /** Page views that there were, and the sum of weights. */
  truth: number
  counted: number
  /** p75 of LCP, of all of it and by the hour. */
  p75: Compared
  hours: Compared[]
  /** Hours in which the sum of weights is within 1.96 of its standard errors of the truth. */
  counts: Count[]
}

export interface Compared {
  truth: number
  found: Percentile | null
  samples: number
}

export interface Count {
  truth: number
  found: number
  /** The standard error that the weights tell: of Poisson sampling, the root of the sum of w (w - 1). */
  error: number
}

const SITE = 'shop'
/** The beginning of a day. */
export const START = Date.UTC(2026, 10, 20)
const PLACES = 300
/** The clocks of two isolates differ by this at most, in ms. */
const SKEW = SECOND
/** ms to the database, there and back, from the nearest place and the farthest. */
const DISTANCE = { least: 4, most: 250 }
/** An isolate lives for two hours on average. */
const LIFE = 2 * HOUR
/** A page view tells of itself after so long on average, in ms, and three in ten again later. */
const DWELL = 15 * SECOND
const AGAIN = { share: 0.3, after: 40 * SECOND }
/** Every so many ms an isolate takes what is sampled out anyway. */
const BULK = 4 * MINUTE
/** A rate may fall to so small a part of itself before an isolate hears of it. */
const HEADROOM = 4
const LCP = { mean: 7.3, deviation: 0.6 }

/** Busy hours are slow hours. */
const slowness = (time: Ms) => 1 + 0.2 * Math.sin((2 * Math.PI * (time - 9 * HOUR)) / DAY)

export async function simulate(scenario: Scenario): Promise<Outcome> {
  const next = random(scenario.seed)
  const clock = new Clock(START)
  const d1 = new D1Model(clock)
  d1.db
    .prepare(
      'INSERT INTO sites (id, origins, "key", rows_per_day, bytes_per_day, created) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(SITE, '["*"]', 'ab'.repeat(16), scenario.rowsPerDay, 1e12, START - DAY)
  if (scenario.rate) goOn(d1, scenario, scenario.rate)
  const world = await isolatesOf(scenario, clock, d1, next)
  const truth = newTruth()
  const fates: Outcome['fates'] = {}
  const storedByMinute: number[] = []
  const count = (fate: string, n = 1) => {
    fates[fate] = (fates[fate] ?? 0) + n
  }

  const arrive = (row: PageViewRow, draw: number) => {
    const isolate = world.pick()
    const received = Math.round(isolate.now() - (clock.now - row.began))
    const arrival = { row: { ...row, began: received, hour: Math.floor(received / HOUR) }, draw }
    void isolate.code
      .beacon(isolate.d1, { ...arrival, address: `${Math.floor(next() * 1e6)}` }, isolate.now())
      .then(fate => {
        count(fate)
        if (fate !== 'stored') return
        const minute = Math.floor((clock.now - START) / MINUTE)
        storedByMinute[minute] = (storedByMinute[minute] ?? 0) + 1
      })
  }
  const visit = (began: Ms, floor: number) => {
    const lcp = Math.round(Math.exp(LCP.mean + LCP.deviation * normal(next)) * slowness(began - START))
    truth.add(began, lcp)
    // A lot that the floor keeps: its lowest bits are 0.
    const draw = Math.floor(next() * 2 ** 32) & ~(floor - 1)
    const row = pageView(began, lcp, next)
    clock.at(began + exponential(next, DWELL), () => {
      arrive(row, draw)
      if (next() < AGAIN.share) {
        const later = { ...row, sequence: 1, received: 2 }
        clock.at(clock.now + exponential(next, AGAIN.after), () => arrive(later, draw))
      }
    })
  }

  const bulk = new Float64Array(scenario.isolates)
  for (let second = 0; second < scenario.length; second += SECOND) {
    const rate = scenario.perSecond(second)
    const floor = floorOf(d1, START + second)
    const kept = poisson(next, rate / floor)
    for (let i = 0; i < kept; i++) visit(START + second + next() * SECOND, floor)
    if (floor > 1) truth.leaveOut(second, poisson(next, rate * (1 - 1 / floor)))
    // What the others were, isolate by isolate in turn.
    const share = ((rate * (1 - 1 / floor)) / scenario.isolates) * (1 + AGAIN.share)
    for (let i = (second / SECOND) % (BULK / SECOND); i < scenario.isolates; i += BULK / SECOND) {
      const n = poisson(next, share * (BULK / SECOND))
      if (!n) continue
      bulk[i] = n
      clock.at(START + second + next() * SECOND, () => {
        const isolate = world.at(i)
        count('sampled', n)
        void isolate.code.leaveOut(isolate.d1, SITE, n, isolate.now())
      })
    }
    if (second % (5 * MINUTE) === 0) {
      // A run that D1 refuses is over; the next one comes all the same.
      const run = () => world.cron.cron(d1.binding(DISTANCE.least), clock.now).catch(() => {})
      clock.at(START + second, () => void run())
    }
    await clock.runUntil(START + second + SECOND)
  }
  await clock.runUntil()
  return { ...found(d1, truth, scenario), fates, storedByMinute }
}

/** The hour before, as it is in the database: the rate in force, and what was reported of each minute. */
function goOn(d1: D1Model, { perSecond }: Scenario, rate: OneIn): void {
  d1.db.prepare('INSERT INTO rates (site, since, rate) VALUES (?, ?, ?)').run(SITE, START - HOUR, rate)
  const report = d1.db.prepare('INSERT INTO traffic (site, minute, seen, stored) VALUES (?, ?, ?, ?)')
  for (let minute = START / MINUTE - 60; minute < START / MINUTE; minute++) {
    const seen = Math.round((1 + AGAIN.share) * perSecond(DAY - MINUTE) * (MINUTE / SECOND))
    report.run(SITE, minute, seen, Math.round(seen / rate))
  }
}

interface Running {
  code: Isolate
  d1: object
  now(): Ms
}

/** Isolates, each with its clock and its way to the database; one that has ended is another from then on. */
async function isolatesOf(scenario: Scenario, clock: Clock, d1: D1Model, next: () => number) {
  const start = await isolates()
  const bindings = Array.from({ length: PLACES }, (_, place) =>
    d1.binding(DISTANCE.least + ((DISTANCE.most - DISTANCE.least) * place) / PLACES),
  )
  const world = (skew: Ms) => ({
    now: () => Math.round(clock.now + skew),
    setTimeout: (run: () => void, ms: number) => clock.at(clock.now + ms, run),
    clearTimeout: (timer: { run: unknown }) => {
      timer.run = null
    },
    random: next,
  })
  const running: ({ isolate: Running; ends: Ms } | undefined)[] = []
  const at = (i: number): Running => {
    const known = running[i]
    if (known && known.ends > clock.now) return known.isolate
    const own = world((next() - 0.5) * SKEW)
    const isolate = { code: start(own), d1: bindings[i % PLACES] ?? d1.binding(0), now: own.now }
    running[i] = { isolate, ends: clock.now + exponential(next, LIFE) }
    return isolate
  }
  return { cron: start(world(0)), at, pick: () => at(Math.floor(next() * scenario.isolates)) }
}

/**
 * 1 of so many lots is kept by no rate that an isolate may believe in. It asks again after 20 seconds; where it left out 1 of 8
 * and more, after four minutes, and allows for one step down.
 */
function floorOf(d1: D1Model, now: Ms): number {
  const least = (span: Ms, from: number) =>
    d1.peek<{ rate: number | null }>(
      `SELECT min(rate) AS rate FROM rates WHERE rate >= ? AND since >= coalesce((SELECT max(since) FROM rates WHERE since <= ?), 9e15)`,
      from,
      now - span,
    )[0]?.rate ?? 1
  return Math.max(1, Math.min(least(30 * SECOND, 1), least(5 * MINUTE, 8) / HEADROOM))
}

function pageView(began: Ms, lcp: number, next: () => number): PageViewRow {
  const id = Array.from({ length: 2 }, () =>
    Math.floor(next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
  const place = { country: COUNTRIES[Math.floor(next() ** 2 * COUNTRIES.length)] ?? 'DE', connection: '4g' }
  const program = {
    device: next() < 0.6 ? 'phone' : 'desktop',
    browser: 'Chrome',
    browserVersion: 140,
    os: 'Android',
  }
  const load = { inp: 100, cls: 10, fcp: Math.round(lcp / 2), ttfb: 150, phases: null, release: null }
  const kept = { calls: '{}', marks: '{}', why: null, received: 1, dropped: 0 }
  const view = { site: SITE, hour: 0, id, began, sequence: 0, weight: 1, navigation: 'navigate' as const }
  return { ...view, route: `/r/${Math.floor(next() ** 2 * 40)}`, ...place, ...program, ...load, ...kept, lcp }
}

const COUNTRIES = ['DE', 'FR', 'US', 'GB', 'PL', 'IT', 'ES', 'NL', 'SE', 'BR', 'IN', 'JP']

/** What there was: values that were met, and the number of those that were not, whose values the model tells. */
function newTruth() {
  const hours = new Map<number, { values: number[]; others: Map<number, number> }>()
  const of = (hour: number) => {
    const known = hours.get(hour) ?? { values: [], others: new Map<number, number>() }
    hours.set(hour, known)
    return known
  }
  return {
    hours,
    add: (began: Ms, value: number) => of(Math.floor(began / HOUR)).values.push(value),
    leaveOut(second: Ms, n: number) {
      const { others } = of(Math.floor((START + second) / HOUR))
      const minute = Math.floor(second / MINUTE)
      others.set(minute, (others.get(minute) ?? 0) + n)
    },
  }
}
type Truth = ReturnType<typeof newTruth>

function found(d1: D1Model, truth: Truth, { length }: Scenario): Omit<Outcome, 'fates' | 'storedByMinute'> {
  const rows = d1.peek<{ hour: number; w: number; x: number }>(
    'SELECT hour, weight AS w, lcp AS x FROM pageviews ORDER BY hour',
  )
  const rates = d1.peek<{ since: number; rate: number }>('SELECT since, rate FROM rates ORDER BY since')
  const compare = (hours: readonly number[]): Compared => {
    const of = rows.filter(({ hour }) => hours.includes(hour))
    const [p75 = null] = percentiles(collect(of, { good: 2_500, poor: 4_000 }), [75], {
      good: 2_500,
      poor: 4_000,
    })
    return { truth: quantile(truth, hours, 0.75), found: p75, samples: of.length }
  }
  const all = [...truth.hours.keys()]
  const total = (hour: number) => {
    const { values, others } = truth.hours.get(hour) ?? { values: [], others: new Map<number, number>() }
    return values.length + [...others.values()].reduce((sum, n) => sum + n, 0)
  }
  const counts = all.map(hour => {
    const weights = rows.filter(row => row.hour === hour).map(({ w }) => w)
    const sum = (list: number[]) => list.reduce((a, b) => a + b, 0)
    return { truth: total(hour), found: sum(weights), error: Math.sqrt(sum(weights.map(w => w * (w - 1)))) }
  })
  // A whole hour only: at the end of a part of one there is nothing to be compared.
  const whole = all.filter(hour => (hour + 1) * HOUR <= START + length)
  return {
    usage: d1.usage,
    rates: rates.map(({ since, rate }) => ({ since: since - START, rate })),
    truth: counts.reduce((sum, { truth }) => sum + truth, 0),
    counted: counts.reduce((sum, { found }) => sum + found, 0),
    p75: compare(all),
    hours: whole.map(hour => compare([hour])),
    counts: counts.filter((_, i) => whole.includes(all[i] ?? 0)),
  }
}

/** The value with `p` of all page views of the hours at or below it; found by halving. */
function quantile(truth: Truth, hours: readonly number[], p: number): number {
  const parts = hours.flatMap(hour => truth.hours.get(hour) ?? [])
  const values = Float64Array.from(parts.flatMap(({ values }) => values)).sort()
  const others = parts.flatMap(({ others }) => [...others])
  const total = values.length + others.reduce((sum, [, n]) => sum + n, 0)
  let [low, high] = [0, 600_000]
  while (high - low > 0.5) {
    const x = (low + high) / 2
    let below = countUpTo(values, x)
    for (const [minute, n] of others) {
      const z = (Math.log((x + 0.5) / slowness(minute * MINUTE)) - LCP.mean) / LCP.deviation
      below += n * normalUpTo(z)
    }
    if (below >= p * total) high = x
    else low = x
  }
  return high
}

function countUpTo(sorted: Float64Array, x: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= x) low = middle + 1
    else high = middle
  }
  return low
}

/** The standard normal distribution, by Abramowitz and Stegun 26.2.17: within 7.5e-8. */
function normalUpTo(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
  const tail = terms.reduceRight((sum, term) => (sum + term) * t, 0) * Math.exp((-z * z) / 2) * 0.3989422804
  return z > 0 ? 1 - tail : tail
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

function exponential(next: () => number, mean: number): number {
  return -mean * Math.log(1 - next())
}

/** Knuth's way where few are to be expected, by the normal distribution where many are. */
function poisson(next: () => number, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(next)))
  const limit = Math.exp(-mean)
  let n = 0
  for (let product = next(); product > limit; product *= next()) n++
  return n
}
