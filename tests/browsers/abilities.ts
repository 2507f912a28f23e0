/**
 * What each browser is known to measure: the suite holds it against the browser, and the README shows it. A newer
 * version may know more, and says so itself.
 */

import type { Vital } from '../../schema/metrics.ts'

export interface Abilities {
  /** The oldest version in which the suite has run. */
  version: string
  vitals: readonly Vital[]
}

export const ABILITIES = {
  Chromium: { version: '156', vitals: ['lcp', 'inp', 'cls', 'fcp', 'ttfb'] },
  Firefox: { version: '153', vitals: ['lcp', 'inp', 'fcp', 'ttfb'] },
  WebKitGTK: { version: '2.50', vitals: ['fcp', 'ttfb'] },
} as const satisfies Record<string, Abilities>

export type BrowserName = keyof typeof ABILITIES
