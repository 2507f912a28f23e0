import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pageViews } from '../../demo/traffic/traffic.ts'
import type { LakeField, LakeRow, LakeType } from '../../schema/storage/lake.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { decode } from '../../schema/wire/decode.ts'
import { FAILURES } from '../../schema/wire/pageview.ts'
import { describe } from '../../worker/ingest/enrich.ts'
import { toLakeRow } from '../../worker/ingest/lake-row.ts'
import { ASSUMED } from '../bench/cost.ts'
import { typicalRow } from '../bench/lake.ts'

const PAGE = readFileSync('docs/lake.md', 'utf8')
const QUERIES = [...PAGE.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql)
/** The queries ask from here on. */
const FROM = Date.parse('2026-11-20T00:00:00Z')
const { fields }: { fields: LakeField[] } = JSON.parse(readFileSync('schema/lake.json', 'utf8'))

const folder = mkdtempSync(join(tmpdir(), 'fieldline-lake-'))
let duck: DuckDBConnection
let rows: LakeRow[]

/** What DuckDB calls a type; a time comes as a number. */
function duckType(type: LakeType): string {
  switch (type.type) {
    case 'list':
      return `${duckType(type.items)}[]`
    case 'struct':
      return `STRUCT(${type.fields.map(field => `"${field.name}" ${duckType(field)}`).join(', ')})`
    default:
      return { string: 'VARCHAR', int64: 'BIGINT', float64: 'DOUBLE', bool: 'BOOLEAN', timestamp: 'BIGINT' }[
        type.type
      ]
  }
}

/** The rows that the worker would send of three days of the demo's traffic, some of them twice. */
function sent(): LakeRow[] {
  const found = [...pageViews({ seed: 7, views: 1_200, days: 3, now: FROM + 4 * 86_400_000 })].map(
    ({ view, userAgent, country }) => {
      const read = decode(encode(view))
      if ('error' in read) throw new Error(read.error.detail)
      const visitor = describe(userAgent, view.touch, country)
      const { age, id } = read.ok
      const now = FROM + 4 * 86_400_000
      return toLakeRow({ ...read.ok, age }, { site: 'shop', id, visitor, imported: false, now })
    },
  )
  return [...found, ...found.slice(0, 50), ...found.slice(0, 5).map(row => ({ ...row, site: 'other' }))]
}

/** The newest row of each page view. */
function newest(): LakeRow[] {
  const own = rows.filter(({ site }) => site === 'shop')
  return [...grouped(own, ({ id }) => id).values()].flatMap(list =>
    list.toSorted((a, b) => b.sequence - a.sequence).slice(0, 1),
  )
}

function grouped<T>(list: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item])
  return groups
}

const ask = async (sql: string) => (await duck.runAndReadAll(sql)).getRowObjectsJson()

beforeAll(async () => {
  rows = sent()
  writeFileSync(join(folder, 'rows.ndjson'), rows.map(row => JSON.stringify(row)).join('\n'))
  duck = await (await DuckDBInstance.create()).connect()
  const columns = fields.map(field => `'${field.name}': '${duckType(field)}'`).join(', ')
  await duck.run(`SET TimeZone = 'UTC'; CREATE TABLE pageviews AS
    SELECT * REPLACE (epoch_ms(began) AS began, epoch_ms(arrived) AS arrived), epoch_ms(arrived)::TIMESTAMPTZ AS __ingest_ts
    FROM read_json('${join(folder, 'rows.ndjson')}', columns = {${columns}})`)
})
afterAll(() => rmSync(folder, { recursive: true }))

it('the first query of the docs finds the newest row of each page view', async () => {
  const answer = await ask(QUERIES[0] ?? '')
  expect(answer.length).toBeGreaterThan(1_000)
  expect(answer.length).toBeLessThan(rows.length - 55)
  const told = new Map(answer.map(({ id, lcp }) => [id, lcp === null ? null : Number(lcp)]))
  expect(told).toEqual(new Map(newest().map(({ id, lcp }) => [id, lcp])))
})

it('the second gives exact percentiles by route and country', async () => {
  const answer = await ask(QUERIES[1] ?? '')
  const groups = grouped(
    newest().filter(({ lcp }) => lcp !== null),
    ({ route, country }) => `${route} ${country}`,
  )
  expect(answer.length).toBe(groups.size)
  for (const { route, country, page_views, p75 } of answer) {
    const values = (groups.get(`${route} ${country}`) ?? []).map(({ lcp }) => lcp ?? 0).sort((a, b) => a - b)
    expect(Number(page_views)).toBe(values.length)
    const place = 0.75 * (values.length - 1)
    const [low = 0, high = low] = values.slice(Math.floor(place))
    expect(Number(p75)).toBeCloseTo(low + (high - low) * (place % 1), 6)
  }
})

it('the third gives error rates of all calls, each once', async () => {
  const answer = await ask(QUERIES[2] ?? '')
  const own = rows.filter(({ site }) => site === 'shop')
  const once = new Map(own.map(row => [`${row.id} ${row.sequence}`, row]))
  const calls = [...once.values()].flatMap(row => row.calls)
  const groups = grouped(calls, ({ endpoint }) => endpoint)
  expect(answer.length).toBe(groups.size)
  for (const row of answer) {
    const those = groups.get(String(row.endpoint)) ?? []
    expect(Number(row.calls)).toBe(those.length)
    const failed = those.filter(({ outcome }) => (FAILURES as readonly string[]).includes(outcome))
    expect(Number(row.error_rate ?? 0)).toBeCloseTo(failed.length / those.length, 9)
  }
})

it('the costs in the docs are those of a row', () => {
  const bytes = JSON.stringify(typicalRow(1)).length
  expect(PAGE).toContain(`${ASSUMED.beacons} beacons of ${bytes.toLocaleString('en')} bytes`)
  const gigabytes = (bytes * ASSUMED.beacons) / 1_000
  const dollars = (price: number) => `$${(gigabytes * price).toFixed(2)}`
  expect(PAGE).toMatch(new RegExp(`SQL of the pipeline .* \\${dollars(0.04)} \\|`))
  expect(PAGE).toMatch(new RegExp(`sink to Iceberg.* \\${dollars(0.06)} \\|`))
  expect(PAGE).toMatch(new RegExp(`R2 storage .* \\${dollars(0.015)} a month`))
  expect(PAGE).toContain(`take ${Math.floor(50 / gigabytes)} million page views a month`)
})
