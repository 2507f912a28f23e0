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
  return { site, from: exact(from, 'T00:00:00'), to: exact(to, 'T23:59:00') }
}

/** A day begins and ends as it does here; what the chart was zoomed to is a time of UTC already. */
function exact(day: string, clock: string): string {
  return day && !day.includes('T') ? day + clock + ZONE : day
}

/** Site, range, segment and filters. */
export function baseOf(place: Place): Query {
  const filters = FILTERS.map(name => [name, place[name]])
  return { ...rangeOf(place), ...Object.fromEntries(filters), segment: place.segment }
}

/** Begin and end, Unix ms. */
export function spanOf(place: Place): [from: number, to: number] {
  const { from, to } = rangeOf(place)
  const now = Date.now()
  if (place.range === 'own') return [Date.parse(String(from)), to ? Date.parse(String(to)) : now]
  return [now - (place.range === '24h' ? DAY : Number.parseInt(place.range, 10) * DAY), now]
}

/** A range from one time to another, Unix ms, which stays where it is in every time zone: `2026-11-14T09:00Z`. */
export function between(from: number, to: number): Pick<Place, 'range' | 'from' | 'to'> {
  const [begin = '', end = ''] = [from, to].map(time => `${new Date(time || 0).toISOString().slice(0, 16)}Z`)
  return { range: 'own', from: begin, to: end }
}

/** Hours that are older than this may be gone: sites keep them for 35 days where they ask for nothing else. */
const HOURS_KEPT = 34 * DAY

function isOld(place: Place): boolean {
  return Date.now() - spanOf(place)[0] > HOURS_KEPT
}

/** By the hour or by the day: what was asked for, as far as that can be had. */
export function intervalOf(place: Place): 'hour' | 'day' {
  if (isOld(place)) return 'day'
  const [from, to] = spanOf(place)
  const days = (to - from) / DAY
  return (days > 1 && place.interval) || (days > 8 ? 'day' : 'hour')
}

/** Where days begin at midnight: here, or in UTC where no hours are left that they could be made of. */
export function zoneOfDays(place: Place): string {
  return isOld(place) ? zoneOf(0) : ZONE
}

/** The offset of this browser, `+02:00`. The API knows whole hours only: elsewhere days begin in UTC. */
export const ZONE = zoneOf(-new Date().getTimezoneOffset() / 60)

function zoneOf(hours: number): string {
  if (!Number.isInteger(hours)) return '+00:00'
  return `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
}

/** Ms to add to a UTC time for `ZONE`. */
export const SHIFT = shiftOf(ZONE)

export function shiftOf(zone: string): number {
  return Number(zone.slice(0, 3)) * HOUR
}
