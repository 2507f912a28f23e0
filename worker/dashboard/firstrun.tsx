/** Where a range has no data: says so, or, where nothing ever came, how to measure, and waits for the first beacon. */

import { useContext, useEffect } from 'preact/hooks'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { ask } from './client.ts'
import { usePlace } from './link.tsx'
import { pathOf } from './query.ts'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

/** How often it looks for the first beacon, in ms. */
const LOOK = 3_000

export function FirstRun() {
  const [{ site }] = usePlace()
  const { again } = useContext(Live)
  const path = pathOf('pageviews', { site, from: '-90d', order: 'newest', limit: 1 })
  const ever = useAnswer<PageViewsAnswer>(path)
  const never = ever.data?.data.length === 0 && !ever.data.cursor
  useEffect(() => {
    if (!never) return
    const look = async () => {
      const { data } = await ask<PageViewsAnswer>(path)
      if (data.length > 0) again()
    }
    const timer = setInterval(() => document.hidden || look().catch(() => {}), LOOK)
    return () => clearInterval(timer)
  }, [never, path])
  if (!never)
    return ever.data && <p class="panel">No data: no page view matches this range and these filters.</p>
  return (
    <section class="panel first" aria-labelledby="first">
      <h2 id="first">Measure your pages</h2>
      <Snippet site={site} />
      <p role="status" class="waiting">
        <span class="dot" /> Waiting for the first beacon. This page updates when it arrives.
      </p>
    </section>
  )
}

/** The script tag of a site, to be copied. */
export function Snippet({ site }: { site: string }) {
  const [said, run] = useWork()
  const snippet = `<script async src="${location.origin}/fieldline.js" data-site="${site}"></script>`
  const onCopy = () => run(navigator.clipboard.writeText(snippet), 'Copied.')
  return (
    <>
      <p>Put this line into the head of every page of {site}:</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <pre tabIndex={0}>
        <code>{snippet}</code>
      </pre>
      <p>
        <button type="button" class="primary" onClick={onCopy}>
          Copy
        </button>{' '}
        <span role="status">{said}</span>
      </p>
    </>
  )
}
