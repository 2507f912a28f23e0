import { describe, expect, it } from 'vitest'
import { parseChangesQuery } from '../../../schema/api/changes.ts'
import { parseRangeQuery } from '../../../schema/api/range.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../../schema/api/trends.ts'

const NOW = Date.parse('2026-11-14T09:20:00Z')
const iso = (time: number | undefined) => time && new Date(time).toISOString().replace(':00.000Z', 'Z')
const asked = (query: string) => new URLSearchParams(`site=shop&${query}`)

/** The range that is understood, or what is said of it. */
function rangeOf(query: string) {
  const parsed = parseRangeQuery(asked(query), NOW)
  if ('error' in parsed) return `${parsed.error.field} ${parsed.error.detail}`
  return `${iso(parsed.ok.from)} ${iso(parsed.ok.to)}`
}

describe('a range', () => {
  it.each([
    ['from=2026-11-01&to=2026-11-02', '2026-11-01T00:00Z 2026-11-02T00:00Z'],
    ['from=2026-11-01', '2026-11-01T00:00Z 2026-11-14T10:00Z'],
    ['from=2026-11-14', '2026-11-14T00:00Z 2026-11-14T10:00Z'],
    ['from=-30d&to=2026-11-01', '2026-10-15T09:00Z 2026-11-01T00:00Z'],
    ['from=2026-11-01T12:30:00Z&to=2026-11-02', '2026-11-01T12:00Z 2026-11-02T00:00Z'],
    ['from=2026-11-01T00:00:00%2B02:00&to=2026-11-02', '2026-10-31T22:00Z 2026-11-02T00:00Z'],
    ['from=2026-12-31&to=2027-01-01', 'from must not lie in the future'],
    ['from=2026-11-02&to=2026-11-02', 'from must be before to'],
    ['from=2026-02-28&to=2026-03-01', '2026-02-28T00:00Z 2026-03-01T00:00Z'],
  ])('of %s is understood', (query, range) => {
    expect(rangeOf(query)).toBe(range)
  })

  it('takes 29 February in a leap year alone', () => {
    const then = Date.parse('2028-03-02T00:00:00Z')
    const parsed = parseRangeQuery(asked('from=2028-02-29&to=2028-03-01'), then)
    expect(parsed).toEqual({
      ok: { site: 'shop', from: Date.UTC(2028, 1, 29), to: Date.UTC(2028, 2, 1) },
    })
    expect(rangeOf('from=2026-02-29')).toBe('from is not a valid date')
  })

  it.each(['2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10', '2026-11-00', '2026-02-30T00:00:00Z'])(
    'refuses %s, which is on no calendar, by the name of its field',
    day => {
      expect(rangeOf(`from=${day}`)).toBe('from is not a valid date')
      expect(rangeOf(`from=-900d&to=${day}`)).toBe('to is not a valid date')
      const parsed = parseTrendsQuery(asked(`baseline_from=${day}`), NOW)
      expect(parsed).toEqual({ error: { field: 'baseline_from', detail: 'is not a valid date' } })
    },
  )

  it.each([
    '2026-11',
    '2026-11-1',
    '20261101',
    '2026-11-01T',
    '2026-11-01T10:00',
    '2026-11-01Z',
    'today',
    '',
  ])('refuses %j by saying how a time is written', time => {
    expect(rangeOf(`from=${time}`)).toBe(
      'from must be RFC 3339 (2026-11-14T00:00:00Z), a date (2026-11-14), relative (-24h, -7d) or now',
    )
  })
})

describe('a date of a question', () => {
  it.each([
    ['', '2026-11-01T00:00Z', '2026-11-03T00:00Z'],
    ['&timezone=Z', '2026-11-01T00:00Z', '2026-11-03T00:00Z'],
    ['&timezone=%2B02:00', '2026-10-31T22:00Z', '2026-11-02T22:00Z'],
    ['&timezone=+02:00', '2026-10-31T22:00Z', '2026-11-02T22:00Z'],
    ['&timezone=-05:00', '2026-11-01T05:00Z', '2026-11-03T05:00Z'],
  ])('begins at midnight of the time zone that is given: %s', (zone, from, to) => {
    for (const interval of ['hour', 'day']) {
      const query = asked(`from=2026-11-01&to=2026-11-03&interval=${interval}${zone}`)
      const parsed = parseTimeseriesQuery(query, NOW)
      if ('error' in parsed) throw new Error(parsed.error.detail)
      expect([iso(parsed.ok.from), iso(parsed.ok.to)], interval).toEqual([from, to])
    }
  })

  it('begins at midnight of UTC where no zone is taken', () => {
    const parsed = parseChangesQuery(asked('from=2026-11-01&to=2026-11-08'), NOW)
    expect(parsed).toMatchObject({ ok: { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 8) } })
    const other = parseTrendsQuery(
      asked('from=2026-11-08&baseline_from=2026-11-01&baseline_to=2026-11-08'),
      NOW,
    )
    expect(other).toMatchObject({
      ok: { baseline: { range: { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 8) } } },
    })
  })
})
