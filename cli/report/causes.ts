/** What the Core Web Vitals of a report came from, and what to do about it. */

import type { Cause, CausesAnswer } from '../../schema/api/causes.ts'
import { format } from '../../schema/domain/metrics.ts'
import { percent } from '../words.ts'
import type { Block, Text } from './document.ts'
import { type Findings, isMissing } from './findings.ts'
import { nameOf } from './names.ts'

export function causesSection({ causes }: Findings): Block[] {
  const blocks = causes.flatMap((answer): Block[] => {
    if (isMissing(answer)) return []
    const harmful = answer.data.filter(({ advice }) => advice !== null)
    if (!harmful.length) return []
    return [
      {
        kind: 'paragraph',
        text: [
          `${nameOf(answer.metric)}, the most harmful cause first. The cause is known for ${percent(answer.explained)} of page views:`,
        ],
      },
      { kind: 'list', items: harmful.map(cause => inWords(answer, cause)) },
    ]
  })
  return blocks.length ? [{ kind: 'heading', words: 'What to do' }, ...blocks] : []
}

function inWords({ metric }: CausesAnswer, cause: Cause): Text {
  const { target, event, share, p75, rating, advice, script } = cause
  const [call] = cause.calls
  const [part, time] = Object.entries(cause.parts ?? {}).sort(([, a], [, b]) => b - a)[0] ?? []
  return [
    ...(event ? [`${event} on `] : []),
    target ? { code: target } : 'an element without a name',
    `: ${percent(share)} of page views, p75 ${format(metric, p75.value)} `,
    { rating },
    ...(part && time ? [`, most of it ${part.replaceAll('_', ' ')} (${format(metric, time)})`] : []),
    ...(script ? [', in ', { code: script.url || script.invoker || 'inline code' }] : []),
    ...(call ? [metric === 'lcp' ? ', waiting for ' : ', calling ', { code: call.endpoint }] : []),
    '. ',
    ...(advice ? [`${advice.text} `, { link: advice.link, words: `Learn more: ${advice.code}` }] : []),
  ]
}
