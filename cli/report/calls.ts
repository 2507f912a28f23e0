/** The slowest and the most failing endpoints of a report. */

import type { SummaryRow } from '../../schema/api/summary.ts'
import { format } from '../../schema/domain/metrics.ts'
import { percent, shareInterval, whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import type { Findings } from './findings.ts'
import { p75 } from './names.ts'

/** The endpoint that fails most, in a sentence. */
export function callsInShort(findings: Findings): Text[] {
  const [worst] = mostFailing(findings)
  if (!worst) return []
  return [
    ['The endpoint that fails most: ', nameOf(worst), `, ${percent(worst.error_rate ?? 0)} of its calls.`],
  ]
}

export function callsSection(findings: Findings): Block[] {
  const slowest = findings.slowest.data
  const failing = mostFailing(findings)
  if (!slowest.length) return []
  const left = findings.slowest.calls_left_out
  return [
    { kind: 'heading', words: 'API calls' },
    ...(left
      ? [
          {
            kind: 'paragraph',
            text: [
              `${whole(left)} calls are left out: a page view sends at most 64. Percentiles cover only those.`,
            ],
          } as const,
        ]
      : []),
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
          caption: 'The endpoints that fail most: HTTP errors, network errors and time-outs.',
          left: 1,
          head: ['endpoint', 'calls', 'errors', '95% interval', 'p75'],
          rows: failing.map(row => [
            [nameOf(row)],
            [whole(row.count)],
            [percent(row.error_rate ?? 0)],
            [shareInterval(row.error_rate_interval)],
            [p75(row)],
          ]),
        }
      : { kind: 'paragraph', text: ['No call failed.'] },
  ]
}

/** Without those that never fail, and without the rest, which is no endpoint. */
function mostFailing({ failing }: Findings): SummaryRow[] {
  return failing.data.filter(row => !row.rest && (row.error_rate ?? 0) > 0)
}

function nameOf({ group }: SummaryRow): { code: string } {
  return { code: group.endpoint ?? '' }
}
