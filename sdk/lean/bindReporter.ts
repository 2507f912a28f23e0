/**
 * In place of web-vitals' lib/bindReporter.js: tells a value as often as it changes, without its rating and its
 * difference from the one before. Thresholds are the worker's business.
 */

export const bindReporter = <M extends { readonly value: number }>(
  report: (metric: M) => void,
  metric: M,
): (() => void) => {
  let told: number | undefined
  return () => {
    if (!(metric.value >= 0) || metric.value === told) return
    told = metric.value
    report(metric)
  }
}
