/** What a vital comes from, the worst first: its parts, the API calls and scripts in it, what to do, and page views. */

import type { Cause, CausesAnswer } from '../../schema/api/causes.ts'
import { format, type Metric } from '../../schema/domain/metrics.ts'
import { withCodes } from '../../schema/domain/unseen.ts'
import { INP_PARTS, LCP_PARTS } from '../../schema/wire/attribution.ts'
import { Figure } from './figure.tsx'
import { count, partName, percent, plain, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section } from './section.tsx'
import { ShareBar } from './sharebar.tsx'
import { useAnswer } from './use-api.ts'

const TITLES: { [K in Metric]?: string } = {
  lcp: 'LCP elements',
  inp: 'INP interactions',
  cls: 'Elements that shifted',
}

export function Causes({ metric }: { metric: 'lcp' | 'inp' | 'cls' }) {
  const [place] = usePlace()
  const path = pathOf('causes', { ...baseOf(place), metric, limit: 5 })
  const answer = useAnswer<CausesAnswer>(path)
  const found = answer.data
  return (
    <Section
      title={TITLES[metric] ?? short(metric)}
      answer={answer}
      path={path}
      name="cause"
      className="whole"
    >
      {found && found.count > 0 && (
        <p class="soft">
          The cause is known for {percent(found.explained)} of {found.sampled > 1 && 'about '}
          {count(found.count, 'page view')}. The most harmful comes first.
          {found.left_out > 0 && ` ${count(found.left_out, 'cause')} of less than 5 samples left out.`}
          {found.sampled > 1 && ` Read from one in ${found.sampled} of them.`}
        </p>
      )}
      {found?.data.length === 0 && !found.left_out && <p class="soft">no data</p>}
      <ol class="causes">
        {found?.data.map(cause => (
          <OneCause key={`${cause.target} ${cause.event}`} cause={cause} metric={metric} />
        ))}
      </ol>
    </Section>
  )
}

function OneCause({ cause, metric }: { cause: Cause; metric: 'lcp' | 'inp' | 'cls' }) {
  const { target, event, url, p75, share, samples, impact, shares, parts, script, shift, calls, advice } =
    cause
  return (
    <li>
      <div class="head">
        <h3>
          {event && <span class="tag">{event}</span>}{' '}
          <code dir="auto">{withCodes(target) || '(no element)'}</code>
        </h3>
        <p>
          p75 <Figure metric={metric} figure={p75} />
        </p>
      </div>
      {url && (
        <p class="soft">
          <code dir="auto">{withCodes(url)}</code>
        </p>
      )}
      {parts && <Parts parts={parts} />}
      {!parts && <ShareBar shares={shares} inWords />}
      <ul class="facts">
        <li>
          {percent(share)} of page views, {count(samples, 'sample')}, impact {percent(impact)}
        </li>
        {shift && (
          <li>
            largest shift {format('cls', shift.score)}, at {format('lcp', shift.at)}
          </li>
        )}
        {script && (
          <li>
            {percent(script.share)} ran{' '}
            <code dir="auto">{withCodes(script.invoker || script.url) || 'inline code'}</code> for{' '}
            {format('inp', script.duration)}
          </li>
        )}
        {calls.map(({ endpoint, share, waited, duration }) => (
          <li key={endpoint}>
            {percent(share)} {waited === null ? 'started' : `waited ${format('api', waited)} for`}{' '}
            <Link to={{ view: 'api', api: endpoint }}>
              <Name>{endpoint}</Name>
            </Link>{' '}
            ({format('api', duration)})
          </li>
        ))}
      </ul>
      {advice && (
        <p class="advice">
          {advice.text} <a href={advice.link}>Learn more about {plain(advice.code)}</a>
        </p>
      )}
      <p>
        <Link to={{ view: 'views', metric, target, event: event ?? '', error: '', order: 'slowest', id: '' }}>
          See page views<span class="hidden"> with {target}</span>
        </Link>
      </p>
    </li>
  )
}

/** A bar as long as the p75, in parts, with each in words. */
function Parts({ parts }: { parts: { [name: string]: number } }) {
  const names = [...LCP_PARTS, ...INP_PARTS].filter(name => parts[name] !== undefined)
  return (
    <>
      <div class="bar parts" aria-hidden="true">
        {names.map((name, i) => (
          <span key={name} class={`part${i}`} style={{ flexGrow: parts[name] ?? 0 }} />
        ))}
      </div>
      <ul class="legend">
        {names.map((name, i) => (
          <li key={name}>
            <span class={`swatch part${i}`} />
            {partName(name)} {format('lcp', parts[name] ?? null)}
          </li>
        ))}
      </ul>
    </>
  )
}
