/**
 * One page view: where its vitals came from, in words, and a waterfall of load phases, the parts of its LCP and INP, and its
 * API calls, against one clock.
 */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import { format, PHASES, VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { INP_PARTS, LCP_PARTS } from '../../schema/wire/attribution.ts'
import { placeOf } from '../../schema/wire/pageview.ts'
import { Rated } from './figure.tsx'
import { count, moment, plain, short } from './format.ts'
import { Link } from './link.tsx'
import { measureName } from './phases.ts'
import { Table } from './section.tsx'

export interface Span {
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
  const heading = useRef<HTMLHeadingElement>(null)
  // Whoever opens it reads on here.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <section class="panel detail" aria-label="Page view">
      <div class="head">
        <h2 ref={heading} tabIndex={-1}>
          <bdi>{view.route}</bdi>, {moment(view.began)}
        </h2>
        <Link to={{ id: '' }} className="button">
          Close
        </Link>
      </div>
      <p class="soft">
        {[
          view.navigation,
          view.device,
          view.country,
          view.os,
          view.browser,
          view.browser_version,
          view.connection,
          ...Object.entries(view.tags).map(([name, value]) => `${name} ${value}`),
        ]
          .filter(Boolean)
          .join(', ')}
        {view.release && `, release ${view.release}`}
        {view.weight > 1 && `, stands for ${view.weight} page views`}
      </p>
      <ul class="words">
        {VITALS.map(vital => (
          <li key={vital}>
            {short(vital)} <Rated metric={vital} value={view[vital]} />
            {causeOf(vital, view)}
          </li>
        ))}
        {(view.server || view.trace) && (
          <li>
            Document: <bdi>{timings(view.server).join(', ')}</bdi> <Trace of={view.trace} />
          </li>
        )}
        {view.blocking && <Blocked {...view.blocking} />}
        {view.bfcache && (
          <li>
            not restored: <bdi>{view.bfcache.join(', ')}</bdi>
          </li>
        )}
        {view.errors?.map(error => (
          <li key={placeOf(error) + error.kind + error.message}>
            {error.kind === 'error' ? 'error' : 'unhandled rejection'}:{' '}
            <bdi>{error.message || '(no message)'}</bdi>
            {placeOf(error) && (
              <>
                {' '}
                <bdi>{placeOf(error)}</bdi>
              </>
            )}
            {error.count > 1 && `, ${count(error.count, 'time')}`}
          </li>
        ))}
        {view.errors_beyond && <li>{count(view.errors_beyond, 'error')} more</li>}
        {view.marks.map(({ name, value }) => (
          <li key={name}>
            Mark <bdi>{name}</bdi>: {value}
          </li>
        ))}
      </ul>
      <div class="waterfall">
        <Table label="Waterfall" columns={['Part', 'Timeline', 'Start', 'Duration', 'Note']}>
          {spans.map((span, i) => (
            <tr key={`${span.name} ${i}`}>
              <th scope="row" title={span.name}>
                <bdi>{span.name}</bdi>
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
                <bdi>{span.note}</bdi> <Trace of={span.trace} />
              </td>
            </tr>
          ))}
        </Table>
      </div>
      {view.calls_dropped > 0 && <p class="soft">{view.calls_dropped} more calls were left out.</p>}
    </section>
  )
}

/** What takes its time in each part of a vital, after "of which 1.20 s were". */
const PART_WORDS: { [part: string]: string } = {
  ttfb: 'waiting for the server to show',
  load_delay: 'before the browser began to load',
  load_duration: 'loading',
  render_delay: 'waiting to draw',
  input_delay: 'before the page could react to',
  processing: 'its handlers, after',
  presentation: 'drawing, after',
}

/** Where a vital came from, as the end of its sentence; nothing where that is not known. */
function causeOf(vital: Vital, { why, calls }: PageViewAnswer): ComponentChildren {
  if (vital === 'cls' && why.cls) {
    const { target, score, at } = why.cls
    return (
      <>
        , of which {format('cls', score)} came {format('api', at)} after the start, when{' '}
        <Target of={target} /> moved.
      </>
    )
  }
  if (vital !== 'lcp' && vital !== 'inp') return null
  const cause = why[vital]
  if (!cause) return null
  const [[part, longest] = ['', 0]] = Object.entries(cause.parts).sort(([, a], [, b]) => b - a)
  const script = 'script' in cause ? cause.script : null
  const partners = calls.filter(({ waited, started }) => (vital === 'lcp' ? waited > 0 : started))
  return (
    <>
      , of which {format('api', longest)} were {PART_WORDS[part]}{' '}
      {'event' in cause && `the ${cause.event} on `}
      <Target of={cause.target} />.
      {script && (
        <>
          {' '}
          <code>{script.invoker || script.url || 'Inline code'}</code> ran for{' '}
          {format('api', script.duration)}.
        </>
      )}
      {partners.map(({ endpoint, waited }) => (
        <span key={endpoint}>
          {' '}
          It {vital === 'lcp' ? `waited ${format('api', waited)} for` : 'started'} <bdi>{endpoint}</bdi>.
        </span>
      ))}
    </>
  )
}

function Target({ of }: { of: string }) {
  return <code>{of || '(no element)'}</code>
}

/** The trace of a response: a link where the site says where traces are shown. */
export function Trace({ of: trace }: { of?: PageViewAnswer['trace'] | undefined }) {
  if (!trace) return null
  const text = `trace ${trace.id.slice(0, 8)}`
  return trace.url ? (
    <a href={trace.url} target="_blank" rel="noreferrer">
      {text}
    </a>
  ) : (
    <span title={trace.id}>{text}</span>
  )
}

function Blocked({ load, after, hosts }: NonNullable<PageViewAnswer['blocking']>) {
  const by = hosts.map(({ host, load, after }) => `${host || 'own scripts'} ${format('api', load + after)}`)
  return (
    <li>
      Blocked for {load !== null && `${format('api', load)} until load, `}
      {format('api', after)} after{by.length > 0 && ': '}
      <bdi>{by.join(', ')}</bdi>
    </li>
  )
}

function timings(server: PageViewAnswer['server']): string[] {
  return Object.entries(server ?? {}).map(([name, ms]) => `${name} ${format('api', ms)}`)
}

/** All that has a begin and an end: phases first, then the rest by its begin. */
export function spansOf({ phases, why, calls }: PageViewAnswer): Span[] {
  const loads: Span[] = []
  let last = 0
  for (const phase of PHASES) {
    const end = phases?.[phase]
    if (end === undefined || end < last) continue
    if (end > last)
      loads.push({
        ...{ name: measureName(`phase:${phase}`), kind: 'part0', note: 'load phase' },
        ...{ start: last, duration: end - last },
      })
    last = end
  }
  const rest: Span[] = []
  const add = (kind: 'part1' | 'part2', at: number, parts: { [name: string]: number }, note: string) => {
    for (const part of [...LCP_PARTS, ...INP_PARTS]) {
      const duration = parts[part] ?? 0
      rest.push({
        name: `${kind === 'part1' ? 'LCP' : 'INP'} ${plain(part)}`,
        kind,
        start: at,
        duration,
        note,
      })
      at += duration
    }
  }
  if (why.lcp) add('part1', 0, why.lcp.parts, '')
  if (why.inp) add('part2', why.inp.at, why.inp.parts, why.inp.event)
  for (const { endpoint, start, duration, outcome, status, server, trace, waited, started } of calls) {
    const notes = [
      outcome === 'ok' ? '' : plain(outcome),
      status ? `status ${status}` : '',
      waited ? `LCP waited ${format('api', waited)}` : '',
      started ? 'started by the interaction' : '',
      ...timings(server),
    ]
    const kind = outcome === 'ok' ? (waited ? 'needs-improvement' : 'good') : 'poor'
    rest.push({ name: endpoint, kind, start, duration, note: notes.filter(Boolean).join(', '), trace })
  }
  return [...loads, ...rest.filter(({ duration }) => duration > 0).sort((a, b) => a.start - b.start)]
}
