/** How far a long task is: a bar on a terminal, a line every tenth elsewhere. */

import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  step: () => void
  stop: () => void
}

export function progress(name: string, total: number): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar(
      { format: `${name} {bar} {value} of {total}, {eta_formatted} left`, hideCursor: true },
      Presets.shades_classic,
    )
    bar.start(total, 0)
    return { step: () => bar.increment(), stop: () => bar.stop() }
  }
  let done = 0
  let told = 0
  return {
    step() {
      const tenth = Math.floor((++done * 10) / total)
      if (tenth === told) return
      told = tenth
      console.error(`${name}: ${done} of ${total}`)
    },
    stop() {},
  }
}
