/**
 * The figures of the README, measured: built files and the code go in, the Markdown between the markers comes out.
 * `npm run figures` writes them; a test holds that they are those of the code.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { encode } from '../../schema/beacon.ts'
import { RELATIVE_ERROR } from '../../schema/histogram.ts'
import { typicalView } from './beacons.ts'

const BEGIN = '<!-- figures: npm run figures -->'
const END = '<!-- /figures -->'

/** Bytes of a file as a CDN sends it: brotli at its best quality. */
export function brotliBytes(file: string): number {
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  return brotliCompressSync(readFileSync(file), options).byteLength
}

/** Bytes of the beacon of an ordinary page view: five vitals, load phases, three API calls. */
export function beaconBytes(): number {
  return Buffer.byteLength(encode(typicalView(255)))
}

/** The table of the README. Rows written are asserted by tests/worker/ingest.test.ts. */
export function figures(): string {
  const count = (value: number) => value.toLocaleString('en-US')
  return [
    BEGIN,
    '| | |',
    '|---|---|',
    `| The script on your page | ${count(brotliBytes('dist/fieldline.js'))} bytes (brotli) |`,
    `| Beacon of an ordinary page view (5 vitals, load phases, 3 API calls) | ${count(beaconBytes())} bytes |`,
    '| Rows written to D1 for a beacon | 1 |',
    `| Largest error of a percentile | ${(RELATIVE_ERROR * 100).toFixed(3)} % |`,
    END,
  ].join('\n')
}

/** The figures as the README has them. */
export function figuresIn(readme: string): string {
  return readme.slice(readme.indexOf(BEGIN), readme.indexOf(END) + END.length)
}

if (import.meta.main) {
  const readme = readFileSync('README.md', 'utf8')
  writeFileSync('README.md', readme.replace(figuresIn(readme), figures()))
}
