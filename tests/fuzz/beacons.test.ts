import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encode } from '../../schema/wire/beacon.ts'
import { decode } from '../../schema/wire/decode.ts'
import { toRow } from '../../worker/ingest/beacon-row.ts'
import { pageView } from '../kit/pageview.ts'
import { almost } from './hostile.ts'
import { BEACONS, runs } from './runs.ts'

const WHOLE = [
  encode(pageView({ route: '/p/[id]', release: '2.4.0' })),
  encode(pageView()),
  encode({
    ...pageView(),
    marks: [{ name: 'ready', value: 12 }],
    navigation: 'soft-navigation',
    phases: null,
  }),
]
const VISITOR = { country: null, device: 'desktop', browser: null, browserVersion: null, os: null } as const

it(`takes ${BEACONS} beacons, or names the field that it does not take`, { timeout: 3_600_000 }, () => {
  let taken = 0
  fc.assert(
    fc.property(almost(WHOLE), body => {
      const decoded = decode(body)
      if ('error' in decoded) {
        const { field, detail } = decoded.error
        if (!field || !detail) throw new Error('a refusal without its field')
        return
      }
      taken++
      const { calls, marks, weight, age, route } = decoded.ok
      const row = toRow(decoded.ok, VISITOR, { site: 'shop', now: 1_800_000_000_000 })
      for (const value of Object.values(row))
        if (!isStorable(value)) throw new Error(`stores ${String(value)}`)
      if (!route || weight < 1 || age < 0) throw new Error('a page view that there is not')
      for (const { endpoint, duration } of calls)
        if (!endpoint || duration < 0) throw new Error('a call that there is not')
      for (const { value } of marks) if (value < 0) throw new Error('a mark that there is not')
    }),
    runs(BEACONS),
  )
  // Whoever breaks everything tests nothing.
  expect(taken).toBeGreaterThan(BEACONS / 50)
})

/** What a STRICT column of D1 takes, and gives back as it was. */
function isStorable(value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (typeof value === 'string') return value.isWellFormed() && !/\p{Cc}/u.test(value)
  return Number.isSafeInteger(value)
}
