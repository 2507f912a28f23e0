/** What goes wrong in the demo shop: a few errors, one of which came with a release. */

import type { PageError, PageErrors, PageView } from '../../schema/wire/pageview.ts'
import type { Random } from './random.ts'

interface Model extends Omit<PageError, 'count'> {
  /** The share of page views that have it. */
  share: number
  /** The only route that has it; none: all. */
  route?: string
  release?: string
}

const MODELS: readonly Model[] = [
  {
    share: 0.03,
    route: '/checkout',
    release: '4.2.0',
    kind: 'error',
    message: 'TypeError: Cannot read properties of undefined (reading',
    script: '/demo/checkout.js',
    line: 118,
    column: 23,
  },
  {
    share: 0.004,
    kind: 'unhandledrejection',
    message: 'Failed to fetch',
    // A rejection has no place.
    script: '',
    line: 0,
    column: 0,
  },
  { share: 0.002, kind: 'error', message: 'Script error.', script: '', line: 0, column: 0 },
]

/** The errors of a page view. */
export function errorsOf(dice: Random, { route, release }: Pick<PageView, 'route' | 'release'>): PageErrors {
  const list = MODELS.flatMap(({ share, route: only = route, release: since = release, ...error }) =>
    only === route && since === release && dice.chance(share)
      ? [{ ...error, count: dice.chance(0.2) ? 3 : 1 }]
      : [],
  )
  return { count: list.reduce((sum, { count }) => sum + count, 0), list }
}
