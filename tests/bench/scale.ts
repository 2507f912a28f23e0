/**
 * From one shop to a billion page views a day: the shipped sampling on simulated isolates and a model of D1 (tests/kit/scale).
 * Every run gives the same figures; nothing here is a time of this machine.
 *
 * `--minutes=20` cuts every scenario short; `--only=burst` runs those whose name has that word; `--seeds=8` runs each with eight
 * seeds, and tells beside the figures of the first how near all of them came.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { DAY, HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import { type Compared, type Outcome, type Scenario, simulate } from '../kit/scale/simulation.ts'

/** Where the figures are kept that the docs are written from. */
export const RESULTS = 'tests/bench/scale.json'
/** The default of a site. */
const ROWS_PER_DAY = 25_000

type Shape = Omit<Scenario, 'rowsPerDay' | 'seed'>

const steady = (perDay: number) => () => perDay / (DAY / SECOND)
/** From a tenth of its peak in the night to its peak in the evening. */
const wave = (perDay: number) => (time: number) =>
  (perDay / (DAY / SECOND)) * (1 - (9 / 11) * Math.cos((2 * Math.PI * (time - 8 * HOUR)) / DAY))
/** Nothing for a minute, then all at once. */
const BURST = MINUTE
const burst = (perSecond: number) => (time: number) => (time < BURST ? 0 : perSecond)

export const SCENARIOS: Record<string, Shape> = {
  '10 thousand a day, steady': { isolates: 10, perSecond: steady(1e4), length: DAY },
  '1 million a day, steady': { isolates: 300, perSecond: steady(1e6), length: DAY },
  '1 million a day, wave': { isolates: 300, perSecond: wave(1e6), length: DAY },
  '1 billion a day, steady': { isolates: 20_000, perSecond: steady(1e9), length: DAY, rate: 2 ** 16 },
  '1 billion a day, wave': { isolates: 20_000, perSecond: wave(1e9), length: DAY, rate: 2 ** 17 },
  'burst of 20,000 a second, few isolates': { isolates: 300, perSecond: burst(2e4), length: 6 * MINUTE },
  'burst of 20,000 a second': {
    isolates: 20_000,
    perSecond: burst(2e4),
    length: 6 * MINUTE,
  },
}

/** What a scenario came to; rows by the day, and of a burst as they were. */
export interface Line {
  isolates: number
  'page views a day': number
  beacons: number
  meters: number
  rates: number
  counts: number
  'roll-ups': number
  /** Meters, rates and counts as a share of the budget of rows, in %. */
  'other %': number
  /** Rows stored in the worst minute. */
  'worst minute': number
  /** The same of all of the simulated part, beyond its share of the budget, in % of a day's budget. */
  'overshoot %': number
  'D1 busy %': number
  'refused %': number
  'count error %': number
  'p75 error %': number | null
  covered: string
  '$ a million': number
  /** Of several seeds, where it was run with them. */
  seeds?: Seeds
}

/** How near a scenario came with several seeds: root mean squares of its errors, and the hours covered. */
export interface Seeds {
  seeds: number
  'count error %': number
  'p75 error %': number
  covered: string
}

/** Simulates one scenario. */
export async function measure(shape: Shape, rowsPerDay = ROWS_PER_DAY, seed = 1): Promise<Line> {
  const outcome = await simulate({ ...shape, rowsPerDay, seed })
  const { usage, truth, counted, p75, hours, storedByMinute, fates } = outcome
  const days = shape.length / DAY
  // A burst is told as it was: nobody has one all day.
  const parts = shape.length < HOUR ? 1 : days
  const perDay = (tables: string[]) =>
    Math.round(tables.reduce((sum, table) => sum + (usage.written[table] ?? 0), 0) / parts)
  const other = perDay(['traffic', 'rates', 'intake'])
  const stored = storedByMinute.reduce((sum, n = 0) => sum + n, 0)
  const arrived = Object.values(fates).reduce((sum, n) => sum + n, 0)
  return {
    isolates: shape.isolates,
    'page views a day': Math.round(truth / parts),
    beacons: perDay(['pageviews']),
    meters: perDay(['traffic']),
    rates: perDay(['rates']),
    counts: perDay(['intake']),
    'roll-ups': perDay(['rollups', 'api_rollups', 'measure_rollups', 'periods', 'deliveries']),
    'other %': percent(other / rowsPerDay),
    'worst minute': Math.max(0, ...storedByMinute.filter(n => n)),
    'overshoot %': percent(Math.max(0, stored / rowsPerDay - days)),
    'D1 busy %': percent(usage.busyMs / shape.length),
    'refused %': percent((fates.failed ?? 0) / Math.max(1, arrived)),
    'count error %': percent(counted / truth - 1),
    'p75 error %': p75.found && percent(p75.found.value / p75.truth - 1),
    covered: `${hours.filter(covers).length} of ${hours.length}`,
    '$ a million': dollars(outcome, arrived),
  }
}

function covers({ truth, found }: Compared): boolean {
  return !!found && (found.low ?? 0) <= truth && truth <= (found.high ?? Number.POSITIVE_INFINITY)
}

/** Beyond what the paid plan includes: requests with 1 ms of CPU each, rows written and rows read. */
function dollars({ usage, truth }: Outcome, requests: number): number {
  const written = Object.values(usage.written).reduce((sum, n) => sum + n, 0)
  const total = requests * (0.3 + 0.02) + written + usage.read * 0.001
  return Number((total / truth).toFixed(2))
}

function percent(share: number): number {
  return Number((100 * share).toPrecision(3))
}

/** The first seed's line, and all of them together. */
async function measureSeeds(shape: Shape, seeds: number): Promise<Line> {
  const lines: Line[] = []
  for (let seed = 1; seed <= seeds; seed++) lines.push(await measure(shape, ROWS_PER_DAY, seed))
  const [first] = lines
  if (!first) throw new Error('--seeds must be 1 or more')
  if (seeds === 1) return first
  const size = (key: 'count error %' | 'p75 error %') =>
    Number(Math.sqrt(lines.reduce((sum, line) => sum + (line[key] ?? 0) ** 2, 0) / seeds).toPrecision(3))
  const hours = lines.map(({ covered }) => covered.split(' of ').map(Number))
  const covered = [0, 1].map(i => hours.reduce((sum, pair) => sum + (pair[i] ?? 0), 0)).join(' of ')
  return {
    ...first,
    seeds: { seeds, 'count error %': size('count error %'), 'p75 error %': size('p75 error %'), covered },
  }
}

export async function benchScale(
  options: readonly string[],
): Promise<Record<string, Record<string, string | number | null>>> {
  const value = (name: string) => options.find(option => option.startsWith(`--${name}=`))?.split('=')[1]
  const most = Number(value('minutes') ?? Number.POSITIVE_INFINITY) * MINUTE
  const seeds = Number(value('seeds') ?? 1)
  const lines: Record<string, Line> = {}
  for (const [name, shape] of Object.entries(SCENARIOS)) {
    if (!name.includes(value('only') ?? '')) continue
    lines[name] = await measureSeeds({ ...shape, length: Math.min(shape.length, most) }, seeds)
    console.error(name, JSON.stringify(lines[name]))
  }
  if (most === Number.POSITIVE_INFINITY) keepFigures(lines)
  return Object.fromEntries(Object.entries(lines).map(([name, { seeds, ...line }]) => [name, line]))
}

/** Puts figures into the file, in place of those of the same scenarios. */
function keepFigures(lines: object): void {
  const before = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
  const all: Record<string, unknown> = { ...before, ...lines }
  const known = Object.keys(SCENARIOS).flatMap(name => (all[name] ? [[name, all[name]]] : []))
  writeFileSync(RESULTS, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`)
}
