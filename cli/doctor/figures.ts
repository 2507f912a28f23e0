/** Whether what is stored becomes figures: summary, roll-ups, sampling, budgets. */

import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { isStale } from '../check/finding.ts'
import { percent, whole } from '../words.ts'
import { bad, type Check, ok, type Patient, skipped } from './check.ts'

/** The cron runs every five minutes; one run may have more to do than it can. */
const GRACE = 10 * MINUTE
/** Hours until the page views of an hour change no more. */
const SETTLE_HOURS = 2
/** A loss or a refusal of fewer beacons is no news. */
const NOTABLE = 0.05

const NO_TOKEN = skipped('pass --token')

const summary: Check = {
  name: 'summary',
  async look(patient) {
    if (!patient.hasToken) return NO_TOKEN
    const views = await pageviews(patient, '-24h', 'now')
    return views
      ? ok(`${whole(views)} page view${views === 1 ? '' : 's'} in 24 hours`)
      : ok('answers; no page view in 24 hours')
  },
}

/** The worker keeps no diary of its cron; an hour that should be rolled up and is not says that it did not run. */
const cron: Check = {
  name: 'cron',
  async look(patient) {
    if (!patient.hasToken) return NO_TOKEN
    const text = await (await patient.open('/v1/metrics', { site: patient.site, limit: '0' })).text()
    const [, seconds] = /^fieldline_counted_until_timestamp_seconds\S* (\S+)$/m.exec(text) ?? []
    const due = (Math.floor((Date.now() - GRACE) / HOUR) - SETTLE_HOURS) * HOUR
    const until = seconds === undefined ? due - 24 * HOUR : Number(seconds) * 1_000
    if (until >= due) return ok(`rolled up until ${new Date(until).toISOString()}`)
    const waiting = await pageviews(patient, new Date(until).toISOString(), new Date(due).toISOString())
    return waiting
      ? bad(
          'Page views wait to be rolled up: look at the cron trigger and its errors in Cloudflare (npx wrangler tail).',
        )
      : ok('nothing waits to be rolled up')
  },
}

const delivery: Check = {
  name: 'delivery and sampling',
  async look({ ask, site, hasToken }) {
    if (!hasToken) return NO_TOKEN
    const found = await ask<DeliveryAnswer>('GET', '/v1/delivery', { query: { site } })
    const refused = Object.entries(found.refused).sort(([, a], [, b]) => b - a)
    const sum = refused.reduce((total, [, count]) => total + count, 0)
    const rate = found.sampling.at(-1)?.rate ?? 1
    const kept =
      rate === 1 ? 'every page view is kept' : `one page view in ${rate} is kept: raise rows_per_day for more`
    if (sum > NOTABLE * (found.accepted + sum)) {
      const [[reason = '', count = 0] = []] = refused
      return bad(
        `${whole(sum)} beacons were refused in 24 hours, ${whole(count)} for their ${reason}: ${ADVICE[reason]}`,
      )
    }
    if (found.failed > 0)
      return bad(`${whole(found.failed)} beacons were lost because D1 took none: see npx wrangler tail.`)
    const lost = found.lost ? `; about ${percent(found.lost.value)} never arrive` : ''
    return ok(`${kept}${lost}`)
  },
}

const ADVICE: Readonly<Record<string, string>> = {
  origin: 'fieldline site set --origin names all that may send.',
  rate: 'one address sends very much; is a proxy before the worker?',
  size: 'beforeSend makes them too large.',
  field: 'script and worker are of different versions, or something else sends.',
  weight: "raise the site's max_weight, or data-sample.",
}

const budgets: Check = {
  name: 'budgets',
  async look({ ask, site, hasToken }) {
    if (!hasToken) return NO_TOKEN
    const { data } = await ask<BudgetsAnswer>('GET', '/v1/budgets', { query: { site } })
    const breached = data.filter(({ state }) => state === 'breached').length
    if (!data.length) return ok('none; fieldline budget add makes one')
    if (breached) return bad(`${breached} of ${data.length} are breached: fieldline budget list.`)
    const old = data.filter(budget => isStale(budget, Date.now())).length
    if (old) return bad(`${old} of ${data.length} were not judged for hours: does the cron run?`)
    const unknown = data.filter(({ state }) => state === 'no-data').length
    return ok(`${data.length}, none is breached${unknown ? `, ${unknown} without data` : ''}`)
  },
}

export const figureChecks: readonly Check[] = [summary, cron, delivery, budgets]

/** Page views of a range; an empty range has none. */
async function pageviews({ ask, site }: Patient, from: string, to: string): Promise<number> {
  if (from === to) return 0
  const query = { site, from, to, metrics: 'pageviews' }
  const { data } = await ask<SummaryAnswer>('GET', '/v1/summary', { query })
  return data.reduce((sum, { count }) => sum + count, 0)
}
