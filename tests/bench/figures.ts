/**
 * The figures of the README, measured: built files and the code go in, the Markdown between its markers comes out.
 * `npm run figures` writes them; a test holds that they are those of the code.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { encode } from '../../schema/beacon.ts'
import { RELATIVE_ERROR } from '../../schema/histogram.ts'
import { VITALS } from '../../schema/metrics.ts'
import { ABILITIES, type Abilities } from '../browsers/abilities.ts'
import { typicalView } from './beacons.ts'
import { brotli } from './bytes.ts'
import { costTable } from './price.ts'

/** The scripts that are built, as the table of peers names them. */
export const OWN = { fieldline: 'dist/fieldline.js', 'fieldline core': 'dist/fieldline.core.js' }

/** A part of the README that is written here, with its markers. */
export type Part = 'figures' | 'pin' | 'browsers' | 'cost' | 'peers' | 'load'

const between = (part: Part, text: string) => `<!-- ${part}: npm run figures -->\n${text}\n<!-- /${part} -->`

/** Bytes of a file as a CDN sends it. */
export function brotliBytes(file: string): number {
  return brotli(readFileSync(file))
}

/** Bytes of the beacon of an ordinary page view: five vitals, load phases, three API calls. */
export function beaconBytes(): number {
  return Buffer.byteLength(encode(typicalView(255)))
}

/** The table of the README. Rows written are asserted by tests/worker/ingest.test.ts. */
export function figures(): string {
  const rows = [
    '| | |',
    '|---|---|',
    `| The script on your page | ${count(brotliBytes('dist/fieldline.js'))} bytes (brotli) |`,
    `| The script without causes (\`fieldline.core.js\`) | ${count(brotliBytes('dist/fieldline.core.js'))} bytes (brotli) |`,
    `| Beacon of an ordinary page view (5 vitals, load phases, 3 API calls) | ${count(beaconBytes())} bytes |`,
    '| Rows written to D1 for a beacon | 1 |',
    `| Largest error of a percentile | ${(RELATIVE_ERROR * 100).toFixed(3)} % |`,
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

/** What each browser measures, as tests/browsers asserts it. */
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

/** The table of peers as the README has it, but with the bytes of this build: the peers need not be installed. */
export function peers(readme: string): string {
  let table = partOf(readme, 'peers')
  for (const [name, file] of Object.entries(OWN)) {
    const row = new RegExp(`(?<=^\\| ${name} \\| \\S+ \\| )[\\d,]+`, 'm')
    table = table.replace(row, count(brotliBytes(file)))
  }
  return table
}

/** A part as the README has it. */
export function partOf(readme: string, part: Part): string {
  const end = `<!-- /${part} -->`
  return readme.slice(readme.indexOf(`<!-- ${part}: `), readme.indexOf(end) + end.length)
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

if (import.meta.main) {
  const texts = { figures: figures(), pin: pin(), browsers: browsers(), cost: await cost() }
  let readme = readFileSync('README.md', 'utf8')
  for (const part of ['figures', 'pin', 'browsers', 'cost'] as const)
    readme = readme.replace(partOf(readme, part), texts[part])
  writeFileSync('README.md', readme.replace(partOf(readme, 'peers'), peers(readme)))
}
