/** Files that other tools have made of an export, brought back. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { pageView } from '../kit/pageview.ts'
import { cli as run, succeeding } from './run.ts'
import { visit } from './visits.ts'

const COUNT = 40
const folder = mkdtempSync(join(tmpdir(), 'fieldline-import-'))
const file = (name: string) => join(folder, name)
let worker: Local

beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  for (const site of ['shop', 'copy']) await done('site', 'add', site, '--origin', 'https://shop.example')
  await visit(
    worker,
    'shop',
    Array.from({ length: COUNT }, () => pageView()),
  )
  for (const format of ['ndjson', 'parquet'])
    await done('export', '--site', 'shop', '--format', format, '--out', file(`views.${format}`))
  const db = await (await DuckDBInstance.create()).connect()
  for (const codec of ['snappy', 'gzip', 'brotli', 'zstd']) {
    await db.run(`COPY (SELECT * REPLACE (weight::BIGINT AS weight, began::TIMESTAMP AS began)
      FROM '${file('views.parquet')}') TO '${file(`${codec}.parquet`)}' (COMPRESSION ${codec})`)
  }
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await worker.stop()
})

const cli = (...args: string[]) =>
  run(args, { FIELDLINE_URL: String(worker.url), FIELDLINE_TOKEN: ADMIN_TOKEN })
const done = succeeding(cli)

/** What an import of the file says; all of it is there already after the first. */
async function imported(name: string) {
  const { code, out, said } = await cli('import', file(name), '--site', 'copy', '--json')
  return { code, said, ...(out && JSON.parse(out)) }
}
const ALL = { code: 0, said: '', refused: 0 }
const total = ({ imported, unchanged }: { imported?: number; unchanged?: number }) =>
  (imported ?? 0) + (unchanged ?? 0)

describe('fieldline import', () => {
  it.each(['snappy', 'gzip', 'brotli', 'zstd'])('takes Parquet of DuckDB in %s', async codec => {
    const answer = await imported(`${codec}.parquet`)
    expect(answer).toMatchObject(ALL)
    expect(total(answer)).toBe(COUNT)
  })

  it.each([
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['ends of lines of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['gzip', (text: string) => gzipSync(text)],
  ])('takes NDJSON with %s', async (_, change) => {
    writeFileSync(file('changed'), change(readFileSync(file('views.ndjson'), 'utf8')))
    const answer = await imported('changed')
    expect(answer).toMatchObject(ALL)
    expect(total(answer)).toBe(COUNT)
  })

  it('names a line that no request can hold, and takes those around it', async () => {
    const [first = '', ...others] = readFileSync(file('views.ndjson'), 'utf8').split('\n')
    const fat = JSON.stringify({ ...JSON.parse(first), id: '00000000000000fa', more: 'é'.repeat(500_000) })
    writeFileSync(file('fat.ndjson'), [first, fat, ...others].join('\n'))
    const answer = await imported('fat.ndjson')
    expect(answer).toMatchObject({
      code: 1,
      refused: 1,
      said: 'line 2: line must be at most 1000000 bytes\n',
    })
    expect(total(answer)).toBe(COUNT)
  })

  it('says of a Parquet file that is cut off that it is', async () => {
    const bytes = readFileSync(file('views.parquet'))
    writeFileSync(file('half.parquet'), bytes.subarray(0, bytes.length / 2))
    expect(await imported('half.parquet')).toMatchObject({
      code: 2,
      said: expect.stringContaining(`${file('half.parquet')} cannot be read: it is cut off, or no Parquet`),
    })
  })

  it('takes what half of a gzip file has, and says that it is cut off', async () => {
    const bytes = gzipSync(readFileSync(file('views.ndjson')))
    writeFileSync(file('half.gz'), bytes.subarray(0, bytes.length - 20))
    expect(await imported('half.gz')).toMatchObject({
      code: 1,
      said: expect.stringContaining(`${file('half.gz')} is cut off`),
    })
  })

  it('says that an answer ended where more page views follow', async () => {
    const ask = `v1/export?format=ndjson&site=shop&limit=${COUNT - 10}`
    const answer = await fetch(new URL(ask, worker.url), {
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    })
    writeFileSync(file('some.ndjson'), await answer.text())
    const { code, said } = await imported('some.ndjson')
    expect({ code, said }).toEqual({
      code: 0,
      said: 'The file ends before its export does: fieldline export writes all page views.\n',
    })
  })
})
