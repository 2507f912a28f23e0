/**
 * What naming rules cost a beacon: 200 rules and a page view of 64 calls go in, ms of CPU come out. In Node, whose engine is
 * workerd's, without D1 and HTTP: only the names are made.
 */

import { MAX_RULES } from '../../schema/api/rules.ts'
import { type Naming, namer } from '../../schema/domain/naming.ts'
import { MAX_CALLS } from '../../schema/wire/beacon.ts'

const ROUNDS = 500

/** Patterns of four kinds, which all begin alike: the first segments tell no two apart. */
const naming: Naming = {
  trailing_slash: 'strip',
  case: 'keep',
  parameters: 'fold',
  rules: Array.from({ length: MAX_RULES }, (_, i) => ({
    kind: 'endpoint',
    pattern: [
      `/api/v1/things${i}/:id/parts/:part`,
      `/api/v1/:id(\\d+)/things${i}`,
      `/api/v1/:group/item-:id/things${i}`,
      `/api/v1/files${i}/:path+`,
    ][i % 4] as string,
  })),
}

/** ms of CPU for one beacon whose names nobody has seen, and for making the rules ready, in an engine that has warmed up. */
export async function benchRules(): Promise<Record<string, number>> {
  const name = namer(naming)
  let serial = 0
  const beacon = () => {
    for (let i = 0; i < MAX_CALLS; i++) {
      const n = serial++
      name(
        'endpoint',
        [
          `GET /api/v1/things${(n % 50) * 4}/a${n}/parts/b`,
          `POST api.shop.example/api/v1/${n}/things${(n % 50) * 4 + 1}`,
          `GET /api/v1/g${n}/item-7/things${(n % 50) * 4 + 2}`,
          `GET /api/v1/nothing/of/these/${n}`,
        ][n % 4] as string,
      )
    }
  }
  const first = cpuOf(beacon)
  for (let i = 0; i < ROUNDS; i++) beacon()
  return {
    rules: MAX_RULES,
    calls: MAX_CALLS,
    'ms a beacon of new names':
      cpuOf(() => {
        for (let i = 0; i < ROUNDS; i++) beacon()
      }) / ROUNDS,
    'ms of the first beacon': first,
    'ms to make the rules ready':
      cpuOf(() => {
        for (let i = 0; i < ROUNDS / 10; i++) namer(naming)
      }) /
      (ROUNDS / 10),
  }
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
