/** In place of web-vitals' lib/softNavs.js: soft navigations are always wanted, and none is kept for attribution. */

/** Whether web-vitals tells soft navigations: in Chromium from 151 on. */
export const checkSoftNavsEnabled = (): boolean =>
  !!window.PerformanceSoftNavigation?.prototype.getLargestInteractionContentfulPaint

export const storeSoftNavEntry = (): void => {}
