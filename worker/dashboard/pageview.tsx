/** One page view: whose it was, where its vitals came from, and what else happened in it, in words, above its waterfall. */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import { format, VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { withCodes } from '../../schema/domain/unseen.ts'
import { placeOf } from '../../schema/wire/pageview.ts'
import { Rated } from './figure.tsx'
import { count, moment, short } from './format.ts'
import { Link } from './link.tsx'
import { Name } from './name.tsx'
import { Trace } from './trace.tsx'
import { timings, Waterfall } from './waterfall.tsx'

export function PageView({ view }: { view: PageViewAnswer }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Whoever opens it reads on here.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <section class="panel detail" aria-label="Page view">
      <div class="head">
        <h2 ref={heading} tabIndex={-1}>
          <Name>{view.route}</Name>, {moment(view.began)}
        </h2>
        <Link to={{ id: '' }} className="button">
          Close
        </Link>
      </div>
      <Visitor of={view} />
      <ul class="words">
        {VITALS.map(vital => (
          <li key={vital}>
            {short(vital)} <Rated metric={vital} value={view[vital]} />
            {causeOf(vital, view)}
          </li>
        ))}
        {(view.server || view.trace) && (
          <li>
            Document: <Name>{timings(view.server).join(', ')}</Name> <Trace of={view.trace} />
          </li>
        )}
        {view.blocking && <Blocked {...view.blocking} />}
        {view.bfcache && (
          <li>
            not restored: <Name>{view.bfcache.join(', ')}</Name>
          </li>
        )}
        {view.errors?.map(error => (
          <Uncaught key={placeOf(error) + error.kind + error.message} error={error} />
        ))}
        {view.errors_beyond && <li>{count(view.errors_beyond, 'error')} more</li>}
        {view.marks.map(({ name, value }) => (
          <li key={name}>
            Mark <Name>{name}</Name>: {value}
          </li>
        ))}
      </ul>
      <Waterfall view={view} />
      {view.calls_dropped > 0 && <p class="soft">{view.calls_dropped} more calls were left out.</p>}
    </section>
  )
}

/** Where the visitor came from, and with what. */
function Visitor({ of: view }: { of: PageViewAnswer }) {
  const { navigation, device, country, os, browser, browser_version, connection, tags, release, weight } =
    view
  const tagged = Object.entries(tags).map(([name, value]) => `${name} ${value}`)
  const program = browser && [browser, browser_version].filter(Boolean).join(' ')
  const known = [navigation, device, country, os, program, connection, ...tagged]
  return (
    <p class="soft">
      {known.filter(Boolean).join(', ')}
      {release && `, release ${release}`}
      {weight > 1 && `, stands for ${weight} page views`}
    </p>
  )
}

function Uncaught({ error }: { error: NonNullable<PageViewAnswer['errors']>[number] }) {
  const { kind, message, count: times } = error
  return (
    <li>
      {kind === 'error' ? 'error' : 'unhandled rejection'}: <Name>{message || '(no message)'}</Name>
      {placeOf(error) && (
        <>
          {' '}
          <Name>{placeOf(error)}</Name>
        </>
      )}
      {times > 1 && `, ${count(times, 'time')}`}
    </li>
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
          <code>{withCodes(script.invoker || script.url) || 'Inline code'}</code> ran for{' '}
          {format('api', script.duration)}.
        </>
      )}
      {partners.map(({ endpoint, waited }) => (
        <span key={endpoint}>
          {' '}
          It {vital === 'lcp' ? `waited ${format('api', waited)} for` : 'started'} <Name>{endpoint}</Name>.
        </span>
      ))}
    </>
  )
}

function Target({ of }: { of: string }) {
  return <code>{withCodes(of) || '(no element)'}</code>
}

function Blocked({ load, after, hosts }: NonNullable<PageViewAnswer['blocking']>) {
  const by = hosts.map(({ host, load, after }) => `${host || 'own scripts'} ${format('api', load + after)}`)
  return (
    <li>
      Blocked for {load !== null && `${format('api', load)} until load, `}
      {format('api', after)} after{by.length > 0 && ': '}
      <Name>{by.join(', ')}</Name>
    </li>
  )
}
