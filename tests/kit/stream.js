/** A stream of Basin Pipelines that keeps what it gets, fails or is silent: what `env.LAKE` is in tests/lake. */

import { WorkerEntrypoint } from 'cloudflare:workers'

let sends = []
let mood = 'well'

export default class Stream extends WorkerEntrypoint {
  async send(records) {
    if (mood === 'broken') throw new Error('The stream is broken.')
    // A promise that nothing keeps would be found to hang, and refused.
    if (mood === 'silent') await scheduler.wait(60_000)
    sends.push(records)
  }

  /** `well`, `broken` or `silent`, from now on. What came so far is forgotten. */
  async be(next) {
    mood = next
    sends = []
  }

  /** What came, by send. */
  async sends() {
    return sends
  }
}
