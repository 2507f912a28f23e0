/**
 * In place of web-vitals' lib/observe.js: the same, for our own observers, too. Firefox writes a line to the console for
 * a type that it does not know.
 */

export const observe = (
  wanted: readonly string[],
  see: (entries: PerformanceEntryList) => void,
  options?: object,
): PerformanceObserver | undefined => {
  const types = wanted.filter(type => PerformanceObserver.supportedEntryTypes.includes(type))
  if (!types[0]) return
  const observer = new PerformanceObserver(list =>
    // Safari may call back at once, rather than in a task of its own.
    // https://github.com/GoogleChrome/web-vitals/issues/277
    queueMicrotask(() =>
      see(list.getEntries().sort((a, b) => a.startTime + a.duration - b.startTime - b.duration)),
    ),
  )
  for (const type of types) observer.observe({ type, buffered: true, ...options })
  return observer
}
