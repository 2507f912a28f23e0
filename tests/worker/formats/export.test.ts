import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { toCursor } from '../../../schema/api/cursor.ts'
import { NDJSON_EXAMPLE, NDJSON_LINE, type NdjsonLine } from '../../../schema/api/ndjson.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import worker from '../../../worker/index.ts'
import { prepare } from '../../../worker/store/statement.ts'
import { admin, get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** Past hours that only this file writes to. */
const FIRST = Math.floor(Date.now() / HOUR) - 60
const RANGE = `from=${new Date(FIRST * HOUR).toISOString()}&to=${new Date((FIRST + 20) * HOUR).toISOString()}`
const SIZE = 1_700

const path = (params: string) => `/v1/export?format=ndjson&site=all&${RANGE}&${params}`

/** workerd warns of `text()` where the type is not text. */
const textOf = async (response: Response) => new TextDecoder().decode(await response.arrayBuffer())

async function lines(params: string): Promise<NdjsonLine[]> {
  const text = await textOf(await get(path(params)))
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map(line => v.parse(NDJSON_LINE, JSON.parse(line)))
}

const idOf = (line: NdjsonLine) => ('id' in line ? line.id : null)

beforeAll(async () => {
  for (const site of ['all', 'nothing']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  const rows = Array.from({ length: SIZE }, (_, i) =>
    pageViewRow({
      site: 'all',
      began: (FIRST + (i % 7)) * HOUR + i,
      lcp: i,
      route: i % 10 ? '/' : '/p/[id]',
    }),
  )
  for (let i = 0; i < SIZE; i += 500) await store(rows.slice(i, i + 500))
})

describe('the export of raw rows', () => {
  it('has a line for every page view, in the order of their hours, and an end', async () => {
    const all = await lines('')
    expect(all).toHaveLength(SIZE + 1)
    expect(new Set(all.map(idOf)).size).toBe(SIZE + 1)
    expect(all.at(-1)).toEqual({ cursor: null })
    const hours = all.flatMap(line => ('began' in line ? Math.floor(Date.parse(line.began) / HOUR) : []))
    expect(hours).toEqual(hours.toSorted((a, b) => a - b))
  })

  it('goes on where the limit, or a broken connection, has ended it', async () => {
    const whole = (await lines('')).map(idOf)
    const first = await lines('limit=620')
    expect(first).toHaveLength(621)
    const { cursor } = first.at(-1) ?? {}
    expect(cursor).toBe(first.at(-2)?.cursor)
    const second = await lines(`cursor=${cursor}`)
    expect([...first.slice(0, -1), ...second].map(idOf)).toEqual(whole)
    const cut = first[100]?.cursor
    expect((await lines(`cursor=${cut}`)).map(idOf)).toEqual(whole.slice(101))
  })

  it('takes filters', async () => {
    expect(await lines('route=/p/[id]')).toHaveLength(SIZE / 10 + 1)
    expect(await lines('endpoint=GET /')).toEqual([{ cursor: null }])
  })

  it('of nothing is an end', async () => {
    const response = await get(`/v1/export?format=ndjson&site=nothing&${RANGE}`)
    expect(response.headers.get('Content-Type')).toBe('application/x-ndjson; charset=utf-8')
    expect(await textOf(response)).toBe('{"cursor":null}\n')
  })

  it('asks D1 for no more than is read, and for nothing once the reader has left', async () => {
    const meter = newMeter()
    const request = new Request(`https://rum.example${path('')}`, { headers: admin })
    const bindings = { ...env, DB: metered(env.DB, meter) }
    await (await worker.fetch(request.clone(), bindings, createExecutionContext())).body?.cancel()
    const before = meter.statements
    const { body } = await worker.fetch(request, bindings, createExecutionContext())
    const reader = body?.getReader()
    const pages = () => meter.statements - before
    expect(pages()).toBe(1)
    const chunk = await reader?.read()
    expect(pages()).toBe(1)
    expect(new TextDecoder().decode(chunk?.value).split('\n')).toHaveLength(501)
    await reader?.read()
    // A question in between shows that nothing was under way.
    await env.DB.prepare('SELECT 1').all()
    expect(pages()).toBe(2)
    await reader?.cancel()
    await env.DB.prepare('SELECT 1').all()
    expect(pages()).toBe(2)
    expect(meter.read).toBeLessThanOrEqual(1_600)
  })

  it('seeks the key for each page', async () => {
    const { results } = await prepare(
      env.DB,
      sql`EXPLAIN QUERY PLAN SELECT p.lcp FROM pageviews AS p WHERE p.site = ${'all'}
        AND (p.hour, p.id) > (${FIRST}, ${''}) AND p.hour < ${FIRST + 9} ORDER BY p.hour, p.id LIMIT 500`,
    ).all<{ detail: string }>()
    expect(results.map(({ detail }) => detail)).toEqual([
      'SEARCH p USING PRIMARY KEY (site=? AND (hour,id)>(?,?) AND hour<?)',
    ])
  })

  it.each([
    ['format=xml&site=all', 'format'],
    ['site=all', 'format'],
    ['format=toString&site=all', 'format'],
    ['format=ndjson', 'site'],
    ['format=ndjson&site=nobody', 'site'],
    ['format=ndjson&site=all&cursor=x', 'cursor'],
    [`format=ndjson&site=all&cursor=${toCursor(['newest', 1, 2, 'ff'])}`, 'cursor'],
    ['format=ndjson&site=all&limit=0', 'limit'],
    ['format=ndjson&site=all&from=-40d&to=-30d', 'to'],
  ])('%s names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/export?${params}`))).toMatchObject({ field })
  })

  it('is for who may read the site', async () => {
    expect((await get(path(''), {})).status).toBe(401)
  })
})

it('the example is lines of an answer', () => {
  for (const line of NDJSON_EXAMPLE) expect(v.parse(NDJSON_LINE, line)).toEqual(line)
})
