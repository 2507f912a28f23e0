/** The uncaught errors of a report: the share of page views with one, now and in the period before, and the most frequent. */

import type { ShareEstimate } from '../../schema/domain/share.ts'
import { placeOf } from '../../schema/wire/pageview.ts'
import { messageOf } from '../errors.ts'
import { minute, percent, whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import { type Findings, isMissing } from './findings.ts'

type Errors = Pick<Findings, 'errors' | 'errors_before'>

/** Releases that a row names, the most frequent first. */
const MOST_RELEASES = 3

/** That more page views have an error than before, or fewer; nothing where that may be chance. */
export function errorsInShort(findings: Errors): Text[] {
  const [now, before] = [shareNow(findings), shareBefore(findings)]
  const found = now && before && difference(now, before)
  if (!found || (found.low <= 0 && found.high >= 0)) return []
  const verdict = found.low > 0 ? 'More' : 'Fewer'
  return [
    [
      `${verdict} page views have an uncaught error: ${percent(before.value)} before, ${percent(now.value)} now.`,
    ],
  ]
}

/** Nothing where no page view looks for errors. */
export function errorsSection(findings: Errors): Block[] {
  const { errors } = findings
  const now = shareNow(findings)
  if (isMissing(errors) || !now) return []
  const before = shareBefore(findings)
  const share =
    `${now.value ? percent(now.value) : 'None'} of the ${whole(errors.pageviews)} page views that look for errors ` +
    `had an uncaught one (95% interval ${range(now)})`
  const compared = before ? `, ${percent(before.value)} in the period before (${range(before)})` : ''
  return [
    { kind: 'heading', words: 'Errors' },
    { kind: 'paragraph', text: [`${share}${compared}.`] },
    ...(errors.data.length
      ? [
          {
            kind: 'table',
            caption: 'The errors that most page views had. First seen is within this period, in UTC.',
            left: 3,
            head: ['error', 'at', 'releases', 'page views', 'first seen'],
            rows: errors.data.map(row => [
              [{ code: messageOf(row) }],
              placeOf(row) ? [{ code: placeOf(row) }] : [],
              row.releases
                .slice(0, MOST_RELEASES)
                .flatMap(({ name }, i) => [...(i ? [' '] : []), { code: name }]),
              [percent(row.share)],
              [minute(row.first_seen)],
            ]),
          } as const,
        ]
      : []),
  ]
}

function shareNow({ errors }: Errors): ShareEstimate | null {
  return isMissing(errors) ? null : erring(errors.error_free)
}

function shareBefore({ errors_before: before }: Errors): ShareEstimate | null {
  return isMissing(before) ? null : erring(before.data[0]?.error_free ?? null)
}

/** The share with an error, of the share without. */
function erring(free: ShareEstimate | null): ShareEstimate | null {
  return free && { value: 1 - free.value, low: 1 - free.high, high: 1 - free.low }
}

/**
 * The 95% interval of how far one share is above another, from the intervals of both.
 *
 * @see https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I Newcombe 1998, method 10
 */
function difference(a: ShareEstimate, b: ShareEstimate): { low: number; high: number } {
  const by = a.value - b.value
  return {
    low: by - Math.hypot(a.value - a.low, b.high - b.value),
    high: by + Math.hypot(a.high - a.value, b.value - b.low),
  }
}

function range({ low, high }: ShareEstimate): string {
  return `${percent(low)} to ${percent(high)}`
}
