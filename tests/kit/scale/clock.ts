/**
 * Time that goes only where something happens: events go in with their times, and run in order. No wall time.
 */

import type { Ms } from '../../../schema/domain/units.ts'

interface Event {
  at: Ms
  /** Breaks ties by order of arrival, so that a run can be repeated. */
  order: number
  run: (() => void) | null
}

export class Clock {
  now: Ms
  #order = 0
  /** A binary heap by time. */
  readonly #heap: Event[] = []

  constructor(start: Ms) {
    this.now = start
  }

  /** Runs `run` at the time `at`; the event that comes back can be stopped. */
  at(at: Ms, run: () => void): Event {
    const event: Event = { at: Math.max(at, this.now), order: this.#order++, run }
    const heap = this.#heap
    heap.push(event)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
    return event
  }

  /** Runs everything up to `end`, or all that there is. After each event what it set free runs to its end. */
  async runUntil(end = Number.POSITIVE_INFINITY): Promise<void> {
    for (let first = this.#heap[0]; first && first.at <= end; first = this.#heap[0]) {
      this.#drop()
      this.now = first.at
      if (!first.run) continue
      first.run()
      await settled()
    }
    if (Number.isFinite(end)) this.now = end
  }

  #drop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    heap[0] = last
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && this.#isBefore(child, least)) least = child
      }
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #isBefore(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    return !!a && !!b && (a.at < b.at || (a.at === b.at && a.order < b.order))
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (!a || !b) return
    this.#heap[i] = b
    this.#heap[j] = a
  }
}

/** All that waits for nothing but other promises has run. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
