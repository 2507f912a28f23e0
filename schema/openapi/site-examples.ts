/** Examples of a site, its tokens, its budgets and the messages to its webhooks. */

import type { BudgetMessage } from '../api/budget-messages.ts'
import type { BudgetAnswer, BudgetEventsAnswer } from '../api/budgets.ts'
import type { SiteAnswer, SiteSaved } from '../api/site.ts'
import type { NewTokenAnswer, TokenAnswer } from '../api/token.ts'

export const SAVED_SITE: SiteSaved = {
  site: 'shop',
  origins: ['https://shop.example'],
  rate: 1,
  rows_per_day: 25_000,
  bytes_per_day: 11_000_000,
  max_weight: 10,
  raw_days: 14,
  hour_days: 35,
  day_days: 760,
  trace_link: 'https://tempo.example/trace/{trace}',
  database: 'DB',
  created: '2026-11-21T08:09:30.799Z',
}
export const SITE: SiteAnswer = { ...SAVED_SITE, bot_beacons_24h: 31 }

export const TOKEN: TokenAnswer = {
  id: '537cb037a04a',
  name: 'ci',
  created: '2026-11-21T08:09:32.411Z',
  expires: null,
}
export const NEW_TOKEN: NewTokenAnswer = {
  ...TOKEN,
  token: `fl_shop_${TOKEN.id}_04da0849047fb7ec747a12222a783ef8d006510b`,
}

/** What a budget watches, what breached it, and when. */
const WATCHED = {
  metric: 'lcp',
  endpoint: null,
  route: '/p/[id]',
  device: null,
  tag: null,
  segment: null,
  percentile: 75,
  limit: 2500,
  relative_to: null,
  window_hours: 24,
} as const
const BREACH = {
  state: 'breached',
  value: 2644.2,
  low: 2511.02,
  high: 2760.9,
  samples: 1012,
  effective_samples: 1012,
  release: '2.4.0',
  baseline: null,
} as const
const SINCE = '2026-11-21T06:05:12.000Z'

export const BUDGET: BudgetAnswer = {
  id: '8c1f0a6d22b9',
  ...WATCHED,
  minimum: 100,
  ...BREACH,
  // As it is by now.
  value: 2710.4,
  low: 2588.19,
  high: 2801.02,
  samples: 1072,
  effective_samples: 1072,
  since: SINCE,
  checked: '2026-11-21T09:40:02.000Z',
}
export const BUDGET_EVENTS: BudgetEventsAnswer = {
  site: 'shop',
  data: [{ budget: BUDGET.id, at: SINCE, ...BREACH }],
}

const NEWS =
  'shop: p75 of lcp, "/p/[id]" is over its budget of 2.50 s: 2.64 s (95% interval: 2.51 s to 2.76 s, 1012 samples in 24 h). ' +
  'Release "2.4.0" began in that time.'
export const BUDGET_MESSAGE: BudgetMessage = {
  type: 'budget.breached',
  timestamp: SINCE,
  text: NEWS,
  content: NEWS,
  site: 'shop',
  budget: BUDGET.id,
  ...WATCHED,
  ...BREACH,
  busiest_share: 0.0412,
  at: SINCE,
}
