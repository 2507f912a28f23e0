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

/** A part of the README that is written here, with its markers. */
export type Part = 'figures' | 'pin' | 'browsers' | 'cost'

const between = (part: Part, text: string) => `<!-- ${part}: npm run figures -->\n${text}\n<!-- /${part} -->`

/** Bytes of a file as a CDN sends it: brotli at its best quality. */
export function brotliBytes(file: string): number {
  return brotli(readFileSync(file))
}

/** Bytes of the beacon of an ordinary page view: five vitals, load phases, three API calls. */
export function beaconBytes(): number {
  return Buffer.byteLength(encode(typicalView(255)))
}

/** The table of the README. Rows written are asserted by tests/worker/ingest.test.ts. */
export function figures(): string {
  const count = (value: number) => value.toLocaleString('en-US')
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
  const heads = ['', ...VITALS.map(vital => vital.toUpperCase()), 'API calls']
  const rows = Object.entries<Abilities>(ABILITIES).map(([name, { version, vitals }]) =>
    row([`${name} ${version}`, ...VITALS.map(vital => (vitals.includes(vital) ? 'yes' : 'no data')), 'yes']),
  )
  return between('browsers', [row(heads), row(heads.map(() => '---')), ...rows].join('\n'))
}

/** What it costs; takes some seconds, since a day's work is done to count its rows. */
export async function cost(): Promise<string> {
  return between('cost', `\n${await costTable()}\n`)
}

/** A part as the README has it. */
export function partOf(readme: string, part: Part): string {
  const [begin = '', end = ''] = between(part, '\n').split('\n\n')
  return readme.slice(readme.indexOf(begin), readme.indexOf(end) + end.length)
}

if (import.meta.main) {
  const readme = readFileSync('README.md', 'utf8')
  const written = readme
    .replace(partOf(readme, 'figures'), figures())
    .replace(partOf(readme, 'pin'), pin())
    .replace(partOf(readme, 'browsers'), browsers())
  writeFileSync('README.md', written.replace(partOf(written, 'cost'), await cost()))
}
