/**
 * Realistic traffic of an imagined shop, drawn from a seed: the beacons of page views, oldest first. Ids, values and
 * calls depend on the seed alone; `now` decides only how old each page view is.
 */

import type { Navigation, PageView } from '../../schema/wire/pageview.ts'
import { explain } from './causes.ts'
import { errorsOf } from './errors.ts'
import { type Random, random } from './random.ts'
import { REGRESSION, RELEASES, ROUTES } from './routes.ts'
import { timeOf } from './time-of-day.ts'
import { type Visitor, visitor } from './visitors.ts'
import { apiCall, measure, phasesOf } from './vitals.ts'

interface TrafficOptions {
  seed: number
  /** Page views; some send two beacons. */
  views: number
  /** Days before `now` that they are spread over. */
  days: number
  /** Unix ms. */
  now: number
}

/** A beacon as its browser would send it: what it says, and what the worker sees of the sender. */
export interface Sent {
  view: PageView
  userAgent: string
  country: string
}

const NAVIGATION_SHARES: readonly (readonly [Navigation, number])[] = [
  ['navigate', 66],
  ['soft-navigation', 12],
  ['back-forward-cache', 9],
  ['back-forward', 5],
  ['reload', 5],
  ['prerender', 3],
]

/** Share of page views that were hidden and shown again, and so send two beacons. */
const RETURNING = 0.18

export function* pageViews({ seed, views, days, now }: TrafficOptions): Generator<Sent> {
  const dice = random(seed)
  for (let i = 0; i < views; i++) {
    const progress = (i + 0.5) / views
    const who = visitor(dice)
    const view = pageView(dice, who, progress, now - timeOf(progress, days, now))
    const { userAgent, country } = who
    if (dice.chance(RETURNING)) {
      const [early, late] = split(view)
      yield { view: early, userAgent, country }
      yield { view: late, userAgent, country }
    } else {
      yield { view, userAgent, country }
    }
  }
}

function pageView(dice: Random, who: Visitor, progress: number, age: number): PageView {
  const model = dice.pick(ROUTES)
  const navigation = dice.pick(NAVIGATION_SHARES)
  const release = RELEASES.findLast(({ from }) => progress >= from)?.release ?? null
  const regressed = who.phone && release === REGRESSION.release && model.route === REGRESSION.route
  const vitals = measure(dice, who, navigation, {
    ...model,
    render: model.render * (regressed ? REGRESSION.render : 1),
    inp: model.inp * (regressed ? REGRESSION.inp : 1),
  })
  const loads = navigation !== 'soft-navigation' && navigation !== 'back-forward-cache'
  const calls = model.calls.filter(({ onClick }) =>
    onClick ? vitals.inp !== null : loads || dice.chance(0.5),
  )
  const id = dice.hex(16)
  const view: PageView = {
    id,
    sequence: 0,
    weight: 1,
    age,
    navigation,
    route: model.route,
    release,
    connection: who.connection,
    touch: who.touch,
    vitals,
    phases: loads ? phasesOf(dice, vitals) : null,
    why: { lcp: null, inp: null, cls: null },
    dropped: 0,
    marks: [],
    tags: [],
    errors: { count: 0, list: [] },
    calls: calls.map(endpoint => apiCall(dice, who, endpoint)),
  }
  // Dice of its own: so the causes change nothing of what the seed has decided otherwise.
  const aside = random(Number.parseInt(id.slice(0, 8), 16))
  const errors = errorsOf(random(Number.parseInt(id.slice(8), 16)), view)
  return explain(aside, { ...view, errors }, regressed ? REGRESSION.causes : model.causes, who.chromium)
}

/** The two beacons of a page view that was hidden in between: interaction and late calls come with the second. */
function split(view: PageView): [early: PageView, late: PageView] {
  const [first = [], second = []] = [true, false].map(early =>
    view.calls.filter(({ start }) => start < 5_000 === early),
  )
  return [
    { ...view, vitals: { ...view.vitals, inp: null }, why: { ...view.why, inp: null }, calls: first },
    { ...view, sequence: 1, calls: second },
  ]
}
