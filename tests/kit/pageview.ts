/** An ordinary page view, for tests that send some. */

import type { PageView } from '../../schema/wire/pageview.ts'

let serial = 0

/**
 * A page view id that no other test uses, spread evenly as random ones are: the serial number through SplitMix64, which
 * maps no two numbers to one.
 */
export function newId(): string {
  const mix = (z: bigint, shift: bigint, factor: bigint) => BigInt.asUintN(64, (z ^ (z >> shift)) * factor)
  const z = BigInt.asUintN(64, BigInt(++serial) * 0x9e3779b97f4a7c15n)
  const mixed = mix(mix(mix(z, 30n, 0xbf58476d1ce4e5b9n), 27n, 0x94d049bb133111ebn), 31n, 1n)
  return mixed.toString(16).padStart(16, '0')
}

/** An ordinary page view; what matters to a test is given. */
export function pageView(given: Partial<PageView> = {}): PageView {
  return {
    id: newId(),
    sequence: 0,
    weight: 1,
    age: 0,
    navigation: 'navigate',
    route: '/',
    release: null,
    connection: '4g',
    touch: false,
    vitals: { lcp: 1200, inp: null, cls: 20, fcp: 800, ttfb: 150 },
    phases: null,
    why: { lcp: null, inp: null, cls: null },
    calls: [],
    dropped: 0,
    marks: [],
    tags: [],
    errors: { count: 0, list: [] },
    ...given,
  }
}
