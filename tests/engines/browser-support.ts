/**
 * What each browser is known to measure: the suite holds it against the browser, and the README shows it. A newer
 * version may know more, and says so itself.
 */

import type { Vital } from '../../schema/domain/metrics.ts'

export interface Abilities {
  /** The oldest version in which the suite has run. */
  version: string
  vitals: readonly Vital[]
  /**
   * Tabs to close until a beacon is sure to arrive. Firefox accepts each by sendBeacon, and drops one in ten as the
   * tab's process ends; of fetch with keepalive, two in ten.
   */
  closed: number
}

export const ABILITIES = {
  Chromium: { version: '156', vitals: ['lcp', 'inp', 'cls', 'fcp', 'ttfb'], closed: 1 },
  Firefox: { version: '153', vitals: ['lcp', 'inp', 'fcp', 'ttfb'], closed: 6 },
  WebKitGTK: { version: '2.50', vitals: ['fcp', 'ttfb'], closed: 1 },
} as const satisfies Record<string, Abilities>

export type BrowserName = keyof typeof ABILITIES
