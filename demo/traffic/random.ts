/** Random numbers that a seed decides, and the distributions that traffic is drawn from. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** True in `share` of all cases. */
  chance(share: number): boolean
  /** One of the entries, as often as its weight says. */
  pick<T>(entries: readonly (readonly [T, number])[]): T
  /** Log-normal around `median`; `spread` is the standard deviation of the logarithm. */
  logNormal(median: number, spread: number): number
  /** Random hex digits. */
  hex(digits: number): string
}

/** Answers the generator of a seed: mulberry32, 32 bits of state. */
export function random(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  /** Box and Muller; 1 - next() is never 0. */
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    chance: share => next() < share,
    pick(entries) {
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [value, weight] of entries) {
        rest -= weight
        if (rest < 0) return value
      }
      throw new RangeError('nothing to pick from')
    },
    logNormal: (median, spread) => median * Math.exp(spread * normal()),
    hex: digits => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join(''),
  }
}
