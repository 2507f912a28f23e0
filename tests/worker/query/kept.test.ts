import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import { admin, ORIGIN, put, summary } from '../../kit/worker/client.ts'

const patch = (site: string, body: object) =>
  exports.default.fetch(`https://rum.example/v1/sites/${site}`, {
    method: 'PATCH',
    headers: admin,
    body: JSON.stringify(body),
  })
const SHORT = { raw_days: 3, hour_days: 5, day_days: 7 }
const LONG = { raw_days: 30, hour_days: 60, day_days: 760 }

/** Hours, or days, before now at which an answer begins. */
const begins = async (site: string, params: string) => {
  const { from } = await summary(`site=${site}&metrics=lcp&${params}`)
  return { hours: Math.floor(Date.now() / HOUR) - Date.parse(from) / HOUR, hourOfDay: from.slice(11, 13) }
}
const ROWS = 'from=-20d&country=DE&release=1'
const ROLLED_UP = 'country=DE'

describe.each(['PATCH', 'PUT'])('days that are raised by %s', method => {
  const site = `raised-by-${method.toLowerCase()}`
  const raise = async (days: object) => {
    const answer =
      method === 'PATCH'
        ? await patch(site, days)
        : await put(`/v1/sites/${site}`, { origins: [ORIGIN], ...days })
    expect(answer.status).toBe(200)
  }

  it('bring nothing back: an answer begins where there still is what it needs', async () => {
    await put(`/v1/sites/${site}`, { origins: [ORIGIN], ...SHORT })
    expect((await begins(site, ROWS)).hours).toBe(3 * 24)
    await raise(LONG)
    expect((await begins(site, ROWS)).hours).toBe(3 * 24)
    // Of days that have no hours any more, none is cut in two.
    const time = new Date(Math.floor(Date.now() / DAY - 6) * DAY + 5 * HOUR).toISOString()
    expect((await begins(site, `${ROLLED_UP}&from=${time}`)).hourOfDay).toBe('00')
    expect((await begins(site, `${ROLLED_UP}&from=-30d`)).hours).toBeLessThanOrEqual(8 * 24)
    // Lowered and raised once more, it is what the lower ones left.
    await raise({ ...LONG, raw_days: 1 })
    await raise(LONG)
    expect((await begins(site, ROWS)).hours).toBe(24)
  })
})

it('days of a new site begin with it, whatever they are', async () => {
  await put('/v1/sites/fresh', { origins: [ORIGIN], ...LONG })
  expect((await begins('fresh', ROWS)).hours).toBe(20 * 24)
})
