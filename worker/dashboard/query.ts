/** A place goes in, the parameters of the questions that it asks come out, and the time zone that answers are told in. */

import { DAY, HOUR } from '../../schema/domain/hour.ts'
import { FILTERS, oneByOne, type Place } from './url-state.ts'

export type Query = Record<string, string | number | undefined>

/** `/v1/summary?site=shop&...`; what is empty is left out. */
export function pathOf(name: string, query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value ? oneByOne([key, String(value)]) : []))
  return `/v1/${name}?${new URLSearchParams(given)}`
}

/** Site and range. */
export function rangeOf({ site, range, from, to }: Place): Query {
  if (range !== 'own') return { site, from: `-${range}` }
  return { site, from: from && `${from}T00:00:00${ZONE}`, to: to && `${to}T23:59:00${ZONE}` }
}

/** Site, range and filters. */
export function baseOf(place: Place): Query {
  const filters = FILTERS.map(name => [name, place[name]])
  return { ...rangeOf(place), ...Object.fromEntries(filters) }
}

/** A range longer than this is told by the day: the hours behind it may be gone, and would be more than 1,000 points. */
const MOST_HOURLY = 40

/** By the hour or by the day: what was asked for, as far as that can be had. */
export function intervalOf(place: Place): 'hour' | 'day' {
  const days = daysOf(place)
  if (days > MOST_HOURLY) return 'day'
  return (place.range !== '24h' && place.interval) || (days > 8 ? 'day' : 'hour')
}

/** Where days begin at midnight: here, or in UTC where no hours are left that they could be made of. */
export function zoneOfDays(place: Place): string {
  return daysOf(place) > MOST_HOURLY ? zoneOf(0) : ZONE
}

function daysOf({ range, from, to }: Place): number {
  if (range === '24h') return 1
  return range === 'own' ? (Date.parse(to) - Date.parse(from)) / DAY + 1 : Number.parseInt(range, 10)
}

/** The offset of this browser, `+02:00`. The API knows whole hours only: elsewhere days begin in UTC. */
export const ZONE = zoneOf(-new Date().getTimezoneOffset() / 60)

export function zoneOf(hours: number): string {
  if (!Number.isInteger(hours)) return '+00:00'
  return `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
}

/** Ms to add to a UTC time for `ZONE`. */
export const SHIFT = shiftOf(ZONE)

export function shiftOf(zone: string): number {
  return Number(zone.slice(0, 3)) * HOUR
}
