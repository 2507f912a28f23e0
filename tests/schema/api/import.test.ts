/** An import takes what an export wrote, and nothing that no filter or group could ask for. */

import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { filterValue } from '../../../schema/api/filters.ts'
import { IMPORT_LINE } from '../../../schema/api/import.ts'
import { PAGEVIEW_EXAMPLE } from '../../../schema/api/pageview.ts'

/** The field that is refused, and why; null where the line is taken. */
function refusal(change: object): string | null {
  const { issues } = v.safeParse(IMPORT_LINE, { ...PAGEVIEW_EXAMPLE, ...change }, { abortEarly: true })
  return issues ? `${v.getDotPath(issues[0])} ${issues[0].message}` : null
}

const call = { endpoint: 'GET /', start: 1, duration: 2, outcome: 'ok' }

describe('a line of an import', () => {
  it('is taken as the export wrote it', () => {
    expect(refusal({})).toBeNull()
    expect(refusal({ country: 'T1', release: null, connection: null, browser: null })).toBeNull()
  })

  it.each([
    [{ navigation: 'teleport' }, /^navigation must be /],
    [{ route: '' }, 'route must not be empty'],
    [{ calls: [{ ...call, outcome: 'lost' }] }, /^calls.0.outcome must be /],
    [{ trace: { id: 'mine' } }, 'trace.id must be 16 or 32 hex digits'],
    [{ marks: [{ name: 'cart ready', value: 1 }] }, /^marks.0.name must be 1 to 64 of /],
    [{ tags: { Plan: 'pro' } }, /^tags.Plan must be 1 to 32 of /],
    [{ tags: { plan: '' } }, 'tags.plan must not be empty'],
  ])('is refused with a field that no beacon could bring: %j', (change, said) => {
    if (typeof said === 'string') expect(refusal(change)).toBe(said)
    else expect(refusal(change)).toMatch(said)
  })

  it.each(['route', 'device', 'country', 'browser', 'connection', 'navigation', 'release'] as const)(
    'has a %s only if a filter takes it',
    key => {
      const filter = filterValue(key, v.string())
      for (const value of ['Phone', 'phone', 'de', 'DE', 'Chrome', '4g', '4G', 'navigate', '/p/[id]']) {
        if (!v.is(filter, value)) expect(refusal({ [key]: value }), value).toMatch(`${key} must`)
      }
    },
  )
})
