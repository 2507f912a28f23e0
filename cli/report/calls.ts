/** The slowest and the most failing endpoints of a report. */

import { format } from '../../schema/metrics.ts'
import type { SummaryRow } from '../../schema/summary.ts'
import { percent, whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import type { Findings } from './findings.ts'
import { p75 } from './names.ts'

const ENDPOINTS = 10
/** Samples below which an endpoint is neither slow nor failing, but rare. */
const TELLING = 10

/** The endpoint that fails most, in a sentence. */
export function callsInShort(findings: Findings): Text[] {
  const [worst] = mostFailing(findings)
  if (!worst) return []
  return [['Most failing endpoint: ', nameOf(worst), `, ${percent(worst.error_rate ?? 0)} of its calls.`]]
}

export function callsSection(findings: Findings): Block[] {
  const slowest = telling(findings)
    .sort((a, b) => (b.percentiles.p75?.value ?? 0) - (a.percentiles.p75?.value ?? 0))
    .slice(0, ENDPOINTS)
  const failing = mostFailing(findings)
  if (!slowest.length) return []
  return [
    { kind: 'heading', words: 'API calls' },
    {
      kind: 'table',
      caption: 'The slowest endpoints.',
      left: 1,
      head: ['endpoint', 'calls', 'p75', 'rating', 'p95', 'errors'],
      rows: slowest.map(row => [
        [nameOf(row)],
        [whole(row.count)],
        [p75(row)],
        [{ rating: row.rating }],
        [format('api', row.percentiles.p95?.value ?? null)],
        [percent(row.error_rate ?? 0)],
      ]),
    },
    failing.length
      ? {
          kind: 'table',
          caption: 'The most failing endpoints, by HTTP and network errors.',
          left: 1,
          head: ['endpoint', 'calls', 'errors', 'p75'],
          rows: failing.map(row => [
            [nameOf(row)],
            [whole(row.count)],
            [percent(row.error_rate ?? 0)],
            [p75(row)],
          ]),
        }
      : { kind: 'paragraph', text: ['No call failed.'] },
  ]
}

function telling({ endpoints }: Findings): SummaryRow[] {
  return endpoints.data.filter(({ samples }) => samples >= TELLING)
}

function mostFailing(findings: Findings): SummaryRow[] {
  return telling(findings)
    .filter(row => (row.error_rate ?? 0) > 0)
    .sort((a, b) => (b.error_rate ?? 0) - (a.error_rate ?? 0))
    .slice(0, ENDPOINTS)
}

function nameOf({ group }: SummaryRow): { code: string } {
  return { code: group.endpoint ?? '' }
}
