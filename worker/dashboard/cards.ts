/** Five cards, one a vital: the answer over all page views goes in, a list of cards comes out. */

import { format, rate, VITALS, type Vital } from '../../schema/metrics.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/summary.ts'
import { h } from './dom.ts'
import { count, interval, percent, RATING_WORDS, TITLES } from './words.ts'

export function cards({ data }: SummaryAnswer): HTMLElement {
  return h(
    'ul',
    { class: 'cards', 'aria-label': 'Web vitals, 75th percentile' },
    ...VITALS.map(vital => card(vital, data)),
  )
}

function card(vital: Vital, data: readonly SummaryRow[]): HTMLElement {
  const row = data.find(({ metric }) => metric === vital)
  const p75 = row?.percentiles.p75
  const heading = h(
    'h2',
    {},
    h('abbr', { title: TITLES[vital] }, vital.toUpperCase()),
    ' ',
    h('span', { class: 'full-name' }, TITLES[vital]),
  )
  if (!row || !p75) return h('li', { class: 'card' }, heading, h('p', { class: 'value none' }, 'no data'))
  const rating = rate(vital, p75.value)
  return h(
    'li',
    { class: `card ${rating}` },
    heading,
    h('p', { class: 'value' }, format(vital, p75.value), h('small', {}, ' p75')),
    h('p', { class: 'rating' }, RATING_WORDS[rating]),
    h('p', { class: 'interval' }, interval(vital, p75)),
    h('p', { class: 'count' }, `${count(row.count, 'page view')}, ${count(row.samples, 'sample')}`),
    ...(row.shares ? [shares(row.shares)] : []),
  )
}

/** A bar of three parts, and the same in words. */
function shares({ good, needs_improvement, poor }: NonNullable<SummaryRow['shares']>): HTMLElement {
  const parts = [
    ['good', 'good', good],
    ['needs-improvement', 'needs improvement', needs_improvement],
    ['poor', 'poor', poor],
  ] as const
  const bar = h('div', { class: 'bar', 'aria-hidden': 'true' })
  const words = h('ul', { class: 'shares' })
  for (const [rating, name, share] of parts) {
    const part = h('span', { class: rating })
    part.style.flexGrow = String(share)
    bar.append(part)
    words.append(h('li', { class: rating }, `${percent(share)} ${name}`))
  }
  return h('div', {}, bar, words)
}
