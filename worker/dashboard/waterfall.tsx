/** What a page view took its time for, as bars against one clock: load phases, the parts of its LCP and INP, and its API calls. */

import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import { format, PHASES } from '../../schema/domain/metrics.ts'
import { INP_PARTS, LCP_PARTS } from '../../schema/wire/attribution.ts'
import { partName, plain } from './format.ts'
import { Name } from './name.tsx'
import { measureName } from './phases.ts'
import { Table } from './section.tsx'
import { Trace } from './trace.tsx'

interface Span {
  name: string
  /** Its colour. */
  kind: 'part0' | 'part1' | 'part2' | 'good' | 'poor' | 'needs-improvement'
  /** ms since the page view began. */
  start: number
  duration: number
  note: string
  trace?: PageViewAnswer['trace']
}

export function Waterfall({ view }: { view: PageViewAnswer }) {
  const spans = spansOf(view)
  const end = Math.max(1, ...spans.map(({ start, duration }) => start + duration))
  return (
    <div class="waterfall">
      <Table label="Waterfall" columns={['Part', 'Timeline', 'Start', 'Duration', 'Note']}>
        {spans.map((span, i) => (
          <tr key={`${span.name} ${i}`}>
            <th scope="row" title={span.name}>
              <Name>{span.name}</Name>
            </th>
            <td class="wide">
              <div class="track" aria-hidden="true">
                <span
                  class={span.kind}
                  style={{ left: `${(span.start / end) * 100}%`, width: `${(span.duration / end) * 100}%` }}
                />
              </div>
            </td>
            <td>{format('api', span.start)}</td>
            <td>{format('api', span.duration)}</td>
            <td class="text">
              <Name>{span.note}</Name> <Trace of={span.trace} />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}

/** All that has a begin and an end: phases first, then the rest by its begin. */
function spansOf({ phases, why, calls }: PageViewAnswer): Span[] {
  const rest = [
    ...(why.lcp ? partSpans('LCP', 'part1', 0, why.lcp.parts, '') : []),
    ...(why.inp ? partSpans('INP', 'part2', why.inp.at, why.inp.parts, why.inp.event) : []),
    ...calls.map(callSpan),
  ]
  return [
    ...phaseSpans(phases),
    ...rest.filter(({ duration }) => duration > 0).sort((a, b) => a.start - b.start),
  ]
}

/** A phase begins where the one before it ended. One that is not known is part of the next. */
function phaseSpans(phases: PageViewAnswer['phases']): Span[] {
  let start = 0
  return PHASES.flatMap(phase => {
    const duration = (phases?.[phase] ?? 0) - start
    if (duration <= 0) return []
    const name = measureName(`phase:${phase}`)
    const span: Span = { name, kind: 'part0', start, duration, note: 'load phase' }
    start += duration
    return [span]
  })
}

/** The parts of a vital, one after another. */
function partSpans(
  vital: 'LCP' | 'INP',
  kind: Span['kind'],
  start: number,
  parts: { [name: string]: number },
  note: string,
): Span[] {
  return [...LCP_PARTS, ...INP_PARTS].map(part => {
    const duration = parts[part] ?? 0
    start += duration
    return { name: `${vital} ${partName(part)}`, kind, start: start - duration, duration, note }
  })
}

function callSpan(call: PageViewAnswer['calls'][number]): Span {
  const { endpoint, start, duration, outcome, status, server, trace, waited, started } = call
  const isOk = outcome === 'ok'
  const notes = [
    !isOk && plain(outcome),
    status && `status ${status}`,
    waited && `LCP waited ${format('api', waited)}`,
    started && 'started by the interaction',
    ...timings(server),
  ]
  const kind = !isOk ? 'poor' : waited ? 'needs-improvement' : 'good'
  return { name: endpoint, kind, start, duration, note: notes.filter(Boolean).join(', '), trace }
}

/** Server-Timing in words: `db 40 ms`. */
export function timings(server: PageViewAnswer['server']): string[] {
  return Object.entries(server ?? {}).map(([name, ms]) => `${name} ${format('api', ms)}`)
}
