/**
 * The parts of README and docs that are measured or made from the code. `npm run figures` writes all of them between their
 * markers, `npm run figures -- pin endpoints` these two. A test compares them with the code.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { brotli } from '../../rollup.bytes.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { VITALS } from '../../schema/domain/metrics.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { storageTable } from '../bench/storage.ts'
import { ABILITIES, type Abilities } from '../engines/browser-support.ts'
import { endpointTables, parameterTable } from './api-tables.ts'
import { typicalView } from './beacons.ts'
import { startExplained, writeQueries } from './explained.ts'
import { costTable } from './price.ts'
import { scaleTable, seedsTable } from './scale/table.ts'
import { sdkTables } from './sdk-tables.ts'

/** The scripts that are built, as the table of peers names them. */
export const OWN = { fieldline: 'dist/fieldline.js', 'fieldline core': 'dist/fieldline.core.js' }

/** The parts that scripts write, each with the page that holds it. */
export const PAGE_OF = {
  figures: 'README.md',
  browsers: 'README.md',
  cost: 'README.md',
  peers: 'README.md',
  lighthouse: 'README.md',
  newcomer: 'docs/frameworks.md',
  pin: 'docs/measuring.md',
  load: 'docs/deploying.md',
  sites: 'docs/deploying.md',
  storage: 'docs/deploying.md',
  endpoints: 'docs/api.md',
  parameters: 'docs/api.md',
  sdk: 'docs/sdk.md',
  scale: 'docs/scale.md',
  sizes: 'README.md',
} as const
export type Part = keyof typeof PAGE_OF

const between = (part: Part, text: string) => `<!-- ${part}: npm run figures -->\n${text}\n<!-- /${part} -->`

/** Bytes of a file as a CDN sends it. */
export function brotliBytes(file: string): number {
  return brotli(readFileSync(file))
}

/** Bytes of the beacon of an ordinary page view: five vitals, load phases, three API calls. */
export function beaconBytes(): number {
  return Buffer.byteLength(encode(typicalView(255)))
}

/** The first table of figures. Rows written are asserted by tests/worker/ingest/ingest.test.ts. */
export function figures(): string {
  const rows = [
    '| | |',
    '|---|---|',
    `| The script on your page | ${count(brotliBytes('dist/fieldline.js'))} bytes (brotli) |`,
    `| The script without causes and GraphQL names (\`fieldline.core.js\`) | ${count(brotliBytes('dist/fieldline.core.js'))} bytes (brotli) |`,
    `| Beacon of an ordinary page view (5 vitals, load phases, 3 API calls) | ${count(beaconBytes())} bytes |`,
    '| Rows written to D1 for a beacon | 1 |',
    `| Largest error of a percentile | ${(RELATIVE_ERROR * 100).toFixed(3)}% |`,
  ]
  return between('figures', rows.join('\n'))
}

/** The script tag that names one version with its hash. */
export function pin(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const hashes = JSON.parse(readFileSync('dist/sri.json', 'utf8'))
  const name = `fieldline-${version}.js`
  const tag = [
    `<script async src="https://rum.example.com/${name}" data-site="shop" crossorigin="anonymous"`,
    `  integrity="${hashes[name]}"></script>`,
  ]
  return between('pin', ['```html', ...tag, '```'].join('\n'))
}

/** What each browser measures, as tests/engines asserts it. */
export function browsers(): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  const heads = ['', ...VITALS.map(vital => vital.toUpperCase()), 'API calls', 'failed calls']
  const rows = Object.entries<Abilities>(ABILITIES).map(([name, { version, vitals }]) =>
    row([
      `${name} ${version}`,
      ...VITALS.map(vital => (vitals.includes(vital) ? 'yes' : 'no data')),
      'yes',
      'yes',
    ]),
  )
  return between('browsers', [row(heads), row(heads.map(() => '---')), ...rows].join('\n'))
}

/** What it costs; takes some seconds, since a day's work is done to count its rows. */
export async function cost(): Promise<string> {
  return between('cost', `\n${await costTable()}\n`)
}

/** Bytes of what is stored; takes some seconds. */
export async function storage(): Promise<string> {
  return between('storage', await storageTable())
}

/** Every endpoint, as the OpenAPI document describes it. */
export function endpoints(): string {
  return between('endpoints', `\n${endpointTables()}\n`)
}

/** Every parameter of an address, as the OpenAPI document describes it. */
export function parameters(): string {
  return between('parameters', `\n${parameterTable()}\n`)
}

/** Functions and options of the SDK, as its types describe them. */
export function sdk(): string {
  return between('sdk', `\n${sdkTables()}\n`)
}

/** Every simulated scenario, from the kept figures of `npm run bench -- scale`. */
export function scale(): string {
  return between('scale', `\n${scaleTable()}\n${seedsTable()}`)
}

const SHORT = ['beacons', 'other %', 'count error %', 'p75 error %', '$ a million'] as const

/** The same in short. */
export function sizes(): string {
  return between('sizes', scaleTable(SHORT, /steady|1 million/))
}

/** The table of peers as it stands, but with the bytes of this build: the peers need not be installed. */
export function peers(): string {
  let table = partOf('peers')
  for (const [name, file] of Object.entries(OWN)) {
    const row = new RegExp(`(?<=^\\| ${name} \\| \\S+ \\| )[\\d,]+`, 'm')
    table = table.replace(row, count(brotliBytes(file)))
  }
  return table
}

/** A part as its page has it, with its markers. */
export function partOf(part: Part): string {
  const page = readFileSync(PAGE_OF[part], 'utf8')
  const end = `<!-- /${part} -->`
  return page.slice(page.indexOf(`<!-- ${part}: `), page.indexOf(end) + end.length)
}

/** Puts a part into its page, in place of the one before. */
export function writePart(part: Part, text: string): void {
  const page = readFileSync(PAGE_OF[part], 'utf8')
  writeFileSync(
    PAGE_OF[part],
    page.replace(partOf(part), () => text),
  )
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

if (import.meta.main) {
  const write = { figures, pin, browsers, endpoints, parameters, sdk, scale, sizes, peers, cost, storage }
  const asked = process.argv.slice(2)
  for (const part of Object.keys(write) as (keyof typeof write)[])
    if (asked.length === 0 || asked.includes(part)) writePart(part, await write[part]())
  if (asked.length === 0 || asked.includes('queries')) {
    const local = await startExplained()
    await writeQueries(local).finally(() => local.stop())
  }
}
