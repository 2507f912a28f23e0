/**
 * In place of web-vitals' lib/InteractionManager.js: the longest interactions, in one list that is small enough to
 * search, and without the hooks of its attribution build.
 */

import { getInteractionCount } from './interactionCountPolyfill.ts'

/** INP is the 98th percentile, so ten answer for 500 interactions. */
const KEPT = 10

interface Interaction {
  id: number
  entries: PerformanceEventTiming[]
  _latency: number
}

export class InteractionManager {
  _before = 0
  _longest: Interaction[] = []

  _resetInteractions(): void {
    this._before = getInteractionCount()
    this._longest = []
  }

  _estimateP98LongestInteraction(navigationType: string): Interaction | undefined {
    const count = getInteractionCount() - this._before
    const [longest] = this._longest
    // All were shorter than what browsers report.
    if (count && !longest && /^(soft|back-forward-)/.test(navigationType))
      return { _latency: 8, id: -1, entries: [] }
    return this._longest[Math.min(this._longest.length - 1, Math.floor(count / 50))]
  }

  _processEntry(entry: PerformanceEventTiming): void {
    const { interactionId: id, duration, startTime } = entry
    if (!id) return
    let interaction = this._longest.find(known => known.id === id)
    if (!interaction) {
      interaction = { id, entries: [], _latency: -1 }
      this._longest.push(interaction)
    }
    if (duration > interaction._latency) {
      interaction.entries = [entry]
      interaction._latency = duration
    } else if (duration === interaction._latency && startTime === interaction.entries[0]?.startTime)
      interaction.entries.push(entry)
    this._longest.sort((a, b) => b._latency - a._latency).splice(KEPT)
  }
}
