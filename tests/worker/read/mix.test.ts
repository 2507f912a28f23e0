import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseTrendsQuery, type TrendsAnswer } from '../../../schema/api/trends.ts'
import { changeOf } from '../../../schema/domain/change.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { mixOf } from '../../../worker/read/mix.ts'
import { readTrends } from '../../../worker/read/trends.ts'
import { histogramOf } from '../../kit/distributions.ts'
import { random } from '../../kit/population.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Date.UTC(2026, 10, 20, 12, 0)
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }

/** Page views of phones (3 s) and desktops (1 s) in a period, `factor` times as slow. */
async function visits(site: string, hoursAgo: number, phones: number, desktops: number, factor = 1) {
  const next = random(phones + desktops + hoursAgo)
  const rows = (device: PageViewRow['device'], count: number, center: number) =>
    Array.from({ length: count }, (_, i) =>
      pageViewRow({
        site,
        device,
        began: NOW - hoursAgo * HOUR - i,
        lcp: Math.round(center * factor * (0.8 + 0.4 * next())),
      }),
    )
  await store([...rows('phone', phones, 3_000), ...rows('desktop', desktops, 1_000)])
}

async function trends(site: string, params = ''): Promise<TrendsAnswer & { read: number }> {
  const query = `site=${site}&metrics=lcp&from=-24h${params}`
  const parsed = parseTrendsQuery(new URLSearchParams(query), NOW)
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  return { ...(await readTrends(metered(env.DB, meter), parsed.ok, KEPT, NOW)), read: meter.read }
}

describe('a change of the whole that no device shares', () => {
  it('names the devices whose shares moved it', async () => {
    await visits('mixed', 30, 200, 600)
    await visits('mixed', 6, 600, 200)
    const { data, read } = await trends('mixed')
    expect(data[0]?.verdict).toBe('degrading')
    expect(data[0]?.mix).toEqual({
      key: 'device',
      shares: expect.arrayContaining([
        { value: 'phone', before: 0.25, after: 0.75 },
        { value: 'desktop', before: 0.75, after: 0.25 },
      ]),
    })
    expect(read).toBeLessThanOrEqual(20_000)
    for (const { verdict } of (await trends('mixed', '&group_by=device')).data) {
      expect(['stable', 'unclear']).toContain(verdict)
    }
  })

  it('is no mix where a device changed in that direction, or nothing changed', async () => {
    await visits('slower', 30, 400, 400)
    await visits('slower', 6, 400, 400, 1.5)
    const [slower] = (await trends('slower')).data
    expect(slower?.verdict).toBe('degrading')
    expect(slower).not.toHaveProperty('mix')

    await visits('same', 30, 400, 400)
    await visits('same', 6, 400, 400)
    const [same] = (await trends('same')).data
    expect(['stable', 'unclear']).toContain(same?.verdict)
    expect(same).not.toHaveProperty('mix')
  })

  it('is no mix where too little was read of the devices to tell', () => {
    const values = (size: number, seed: number, factor: number) => {
      const next = random(seed)
      return histogramOf(
        Array.from({ length: size }, () => Math.round(3_000 * factor * (0.4 + 1.2 * next()))),
      )
    }
    // Each device is slower, and its share is as it was: of 24 page views that is unclear.
    const parts = ['phone', 'desktop'].map((value, i) => ({
      value,
      before: values(24, i + 1, 1),
      after: values(24, i + 3, 1.05),
    }))
    for (const { before, after } of parts) expect(changeOf(before, after, 75, null).verdict).toBe('unclear')
    expect(mixOf('device', parts, 'degrading', 75, null)).toBe(null)
  })

  it('says nothing where the question is by group, or of one device', async () => {
    for (const params of ['&group_by=device', '&device=phone', '&group_by=route']) {
      for (const row of (await trends('mixed', params)).data) expect(row).not.toHaveProperty('mix')
    }
  })
})
