/** In place of web-vitals' lib/softNavs.js: soft navigations are always wanted, and none is kept for attribution. */

export const checkSoftNavsEnabled = (): boolean =>
  PerformanceObserver.supportedEntryTypes.includes('soft-navigation') &&
  'getLargestInteractionContentfulPaint' in
    (Reflect.get(window, 'PerformanceSoftNavigation')?.prototype ?? {})

export const storeSoftNavEntry = (): void => {}
