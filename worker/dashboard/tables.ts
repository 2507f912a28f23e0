/** The tables by route and by endpoint: answers go in, tables that scroll on their own come out. */

import { format, isRated, VITALS } from '../../schema/metrics.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/summary.ts'
import { h } from './dom.ts'
import { count, interval, number, percent, perMinute, RATING_WORDS } from './words.ts'

/** p75 of each vital by route, the busiest route first. */
export function routeTable({ data }: SummaryAnswer): HTMLElement {
  const routes = new Map<string, SummaryRow[]>()
  for (const row of data) {
    const route = row.group.route ?? '(none)'
    routes.set(route, [...(routes.get(route) ?? []), row])
  }
  const rows = [...routes].map(([route, metrics]) => {
    const views = Math.max(...metrics.map(row => row.count))
    const cells = VITALS.map(vital => valueCell(metrics.find(({ metric }) => metric === vital)))
    return { views, row: h('tr', {}, nameCell(route), h('td', {}, number(views)), ...cells) }
  })
  rows.sort((a, b) => b.views - a.views)
  const columns = ['Page views', ...VITALS.map(vital => vital.toUpperCase())]
  return table(
    'Routes, p75 of each vital',
    'Route',
    columns,
    rows.map(({ row }) => row),
  )
}

/** p75, error rate and pace of API calls by endpoint, the busiest first. */
export function endpointTable({ data }: SummaryAnswer): HTMLElement {
  const rows = [...data]
    .sort((a, b) => b.count - a.count)
    .map(row =>
      h(
        'tr',
        {},
        nameCell(row.group.endpoint ?? '(none)'),
        h('td', {}, number(row.count)),
        valueCell(row),
        h('td', {}, row.error_rate === undefined ? 'no data' : percent(row.error_rate)),
        h('td', {}, row.per_minute === undefined ? 'no data' : perMinute(row.per_minute)),
      ),
    )
  return table('API endpoints', 'Endpoint', ['Calls', 'p75', 'Errors', 'A minute'], rows)
}

/** A p75 in its rating's colour; the rating, the count behind it and its interval come in words. */
function valueCell(row: SummaryRow | undefined): HTMLElement {
  const p75 = row?.percentiles.p75
  if (!row?.rating || !p75 || !isRated(row.metric))
    return h('td', { class: 'none' }, '–', h('span', { class: 'hidden' }, ' no data'))
  const noun = row.metric === 'api' ? 'call' : 'page view'
  const words = `${RATING_WORDS[row.rating]}, ${interval(row.metric, p75)}, ${count(row.count, noun)}`
  return h(
    'td',
    { class: row.rating, title: words },
    format(row.metric, p75.value),
    h('span', { class: 'hidden' }, ` (${words})`),
  )
}

function nameCell(name: string): HTMLElement {
  return h('th', { scope: 'row', title: name }, name)
}

function table(caption: string, first: string, columns: string[], rows: HTMLElement[]): HTMLElement {
  const id = `table-${first.toLowerCase()}`
  const heading = h('h2', { id }, caption)
  if (!rows.length) return h('section', {}, heading, h('p', { class: 'none' }, 'no data'))
  const head = h('tr', {}, ...[first, ...columns].map(name => h('th', { scope: 'col' }, name)))
  return h(
    'section',
    {},
    heading,
    h(
      'div',
      { class: 'scroll', role: 'region', tabindex: '0', 'aria-labelledby': id },
      h('table', { 'aria-labelledby': id }, h('thead', {}, head), h('tbody', {}, ...rows)),
    ),
  )
}
