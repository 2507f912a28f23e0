import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ImportAnswer, MAX_LINES } from '../../../schema/api/import.ts'
import { newId } from '../../kit/pageview.ts'
import { admin, ORIGIN, problemOf, put, summary } from '../../kit/worker/client.ts'

const line = (given: object = {}) =>
  JSON.stringify({
    id: newId(),
    began: new Date(Date.now() - 60_000).toISOString(),
    weight: 1,
    route: '/',
    navigation: 'navigate',
    device: 'phone',
    lcp: 1_000,
    ...given,
  })

const bring = (lines: readonly string[], site = 'shop') =>
  exports.default.fetch(`https://rum.example/v1/sites/${site}/pageviews`, {
    method: 'POST',
    headers: admin,
    body: lines.join('\n'),
  })

beforeAll(async () => {
  for (const site of ['shop', 'named']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
})

describe('a line of an import', () => {
  it.each([
    [{ device: 'fridge' }, 'device', 'must be phone, tablet or desktop'],
    [{ connection: '5g' }, 'connection', 'must be slow-2g, 2g, 3g or 4g'],
    [{ country: 'germany' }, 'country', 'must be a code of ISO 3166-1: DE'],
    [{ began: '2026-02-30T00:00:00Z' }, 'began', 'is not a valid date'],
  ])('that no question could filter by costs itself: %j', async (odd, field, detail) => {
    const answer: ImportAnswer = await (await bring([line(), line(odd)])).json()
    expect(answer).toMatchObject({ imported: 1, refused: [{ line: 2, field, detail }] })
  })

  it('gives its page view no name that answers give themselves', async () => {
    const call = { endpoint: '(rest)', start: 1, duration: 5, outcome: 'ok' }
    const odd = line({ route: '(other)', release: '(rest)', tags: { plan: '(other)' }, calls: [call] })
    expect(await (await bring([odd], 'named')).json()).toMatchObject({ imported: 1 })
    const groups = async (params: string) => {
      const { data } = await summary(`site=named&from=-1h&percentiles=75&${params}`)
      return data.map(({ group, other, rest }) => ({ ...group, other, rest }))
    }
    expect(await groups('metrics=lcp&group_by=route')).toEqual([{ route: '[other]' }])
    expect(await groups('metrics=lcp&group_by=release')).toEqual([{ release: '[rest]' }])
    expect(await groups('metrics=api&group_by=endpoint')).toEqual([{ endpoint: '[rest]' }])
  })

  it('is one too many beyond 500, however the body ends', async () => {
    const most = Array.from({ length: MAX_LINES }, () => line())
    expect((await bring([...most, ''])).status).toBe(200)
    const refused = await problemOf(await bring([...most, line()]))
    expect(refused).toMatchObject({ status: 400, field: 'body' })
  })
})
