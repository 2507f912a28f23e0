import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { coveredBy } from '../../../worker/query/covered.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const DAY = 24
/** A fixed clock: 2026-11-20, half past ten. */
const NOW = Date.UTC(2026, 10, 20, 10, 30)
const OPEN = NOW / HOUR - 0.5
const TODAY = OPEN - (OPEN % DAY)

const periods = (site: string, days: number) =>
  coveredBy(env.DB, { site, from: (TODAY - days * DAY) * HOUR, to: (OPEN + 1) * HOUR }, NOW)
const view = (site: string, hour: number) => store([pageViewRow({ site, began: hour * HOUR, hour })])

describe('the periods of a long range', () => {
  it('count from the first page view on, not from its beginning', async () => {
    const first = TODAY - 2 * DAY - 5
    await view('young', first)
    const { days, hours, open } = await periods('young', 300)
    expect([days, hours]).toEqual([[], []])
    expect(open.toSorted()).toEqual(Array.from({ length: OPEN + 1 - first }, (_, i) => first + i))
  })

  it('are none where there never was a page view', async () => {
    expect(await periods('nobody', 300)).toEqual({ days: [], hours: [], open: [] })
  })

  it('are days and hours where those are rolled up, even where no page view is left', async () => {
    const site = 'old'
    for (const hour of [TODAY - 9 * DAY, TODAY - 8 * DAY + 3]) {
      await view(site, hour)
      await rollUpHour(env.DB, site, hour, NOW)
    }
    await rollUpDay(env.DB, site, TODAY - 9 * DAY, NOW)
    await env.DB.prepare('DELETE FROM pageviews WHERE site = ?1').bind(site).run()
    expect(await periods(site, 20)).toEqual({
      days: [TODAY - 9 * DAY],
      hours: [TODAY - 8 * DAY + 3],
      open: [],
    })
  })
})
