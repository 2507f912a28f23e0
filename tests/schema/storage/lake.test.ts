import { readFileSync } from 'node:fs'
import { getTableColumns } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAKE_SCHEMA } from '../../../schema/storage/lake.ts'
import { pageviews } from '../../../schema/storage/tables.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { decode } from '../../../schema/wire/decode.ts'
import { describe as describeVisitor } from '../../../worker/ingest/enrich.ts'
import { toLakeRow } from '../../../worker/ingest/lake-row.ts'
import { anyView } from '../../kit/arbitrary.ts'
import { faultsOf } from '../../kit/lake-row.ts'

const NAMES = LAKE_SCHEMA.fields.map(({ name }) => name)

describe('the schema of the lake', () => {
  it('is in schema/lake.json as the tables have it: npm run lake', () => {
    expect(JSON.parse(readFileSync('schema/lake.json', 'utf8'))).toEqual(LAKE_SCHEMA)
  })

  it('has every column of a page view, by its name', () => {
    const columns = Object.values(getTableColumns(pageviews)).map(({ name }) => name)
    expect(columns.filter(name => !NAMES.includes(name))).toEqual([
      // That of `began`.
      'hour',
      // What D1 makes of several beacons, and what it has no room for.
      'received',
      // `calls_dropped`, as the API calls it.
      'dropped',
      'calls_cut',
      'marks_cut',
      // `errors` and `errors_beyond`.
      'error_list',
    ])
  })

  it('takes every page view that the worker takes', () => {
    fc.assert(
      fc.property(anyView, view => {
        const read = decode(encode(view))
        if ('error' in read) throw new Error(read.error.detail)
        const found = { site: 'shop', id: '0123456789abcdef', imported: false, now: 1_795_939_190_340 }
        const row = toLakeRow(read.ok, { ...found, visitor: describeVisitor('', false, 'DE') })
        expect(faultsOf(LAKE_SCHEMA.fields, JSON.parse(JSON.stringify(row)))).toEqual([])
      }),
    )
  })

  it('finds a row that does not fit it', () => {
    const { fields } = LAKE_SCHEMA
    const faults = faultsOf(fields, { site: 5, lcp: 1.5, calls: [{ endpoint: 'GET /' }], more: 1 })
    expect(faults).toEqual(
      expect.arrayContaining([
        'more is not declared',
        'site is no text',
        'id is missing',
        'lcp is no whole number',
        'calls.0.start is missing',
      ]),
    )
    expect(faults).not.toContain('inp is missing')
  })
})
