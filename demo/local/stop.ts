/** What happens when this program is asked to stop: by Ctrl-C, by `kill`, by a closed terminal. */

/** Runs `stop` at the first such signal and exits with 0. Answers a function that tells whether it has been asked. */
export function onStop(stop: () => Promise<void>): () => boolean {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) return
      asked = true
      void stop().finally(() => process.exit(0))
    })
  }
  return () => asked
}
