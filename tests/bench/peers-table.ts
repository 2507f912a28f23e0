/**
 * The README's table of peers: what was bundled and what was sent goes in, Markdown between its markers comes out.
 * Only what is exact stands there. The peers' rows are those of the day on which the bench was run with `--write`;
 * fieldline's bytes follow every build.
 */

import { brotli } from '../../rollup.bytes.ts'
import { writePart } from '../kit/figures.ts'
import { FLOOR, type Script, WITH_CAUSES } from './peers.ts'
import type { Wire } from './wire.ts'

export function writePeers(scripts: readonly Script[], wires: Map<string, Wire>): void {
  writePart('peers', peers(scripts, wires))
}

function peers(scripts: readonly Script[], wires: Map<string, Wire>): string {
  const day = new Date().toISOString().slice(0, 10)
  const rows = scripts
    .filter(({ name }) => name !== FLOOR && name !== WITH_CAUSES)
    .map(({ name, version, code }) => {
      const wire = wires.get(name)
      const cells = [name, version, count(brotli(code)), ...(wire ? said(wire) : ['', '', ''])]
      return `| ${cells.join(' | ')} |`
    })
  return [
    '<!-- peers: npm run bench -- sdk --write -->',
    `| as of ${day} | version | script, bytes (brotli) | requests | sent | what arrives |`,
    '|---|---|---|---|---|---|',
    ...rows,
    '<!-- /peers -->',
  ].join('\n')
}

/** Requests, KB and content of one page view. */
function said({ requests, preflights, bytes, vitals, calls }: Wire): [string, string, string] {
  const missing = ['lcp', 'cls', 'inp', 'fcp', 'ttfb'].filter(vital => vitals && !vitals.includes(vital))
  const arrived = [
    vitals === null ? 'unknown' : `${vitals.length} vitals`,
    ...missing.map(vital => `no ${vital.toUpperCase()}`),
    calls === null ? '' : calls ? `${calls} API calls` : 'no API calls',
  ]
  return [
    preflights ? `${requests} (preflights: ${preflights})` : String(requests),
    `${(bytes / 1000).toFixed(1)} KB`,
    arrived.filter(Boolean).join(', '),
  ]
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
