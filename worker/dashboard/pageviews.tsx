/** Single page views, the slowest or the newest first; one of them open beside the list, with its waterfall. */

import { useEffect, useRef } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { Rated } from './figure.tsx'
import { moment, number, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section, Table, Trouble } from './section.tsx'
import { Chip, Tabs } from './tabs.tsx'
import type { Place } from './url-state.ts'
import { useAnswer } from './use-api.ts'
import { useMore } from './use-more.ts'
import { Trace, Waterfall } from './waterfall.tsx'

export function PageViews() {
  const [place] = usePlace()
  const metric: Vital = VITALS.find(vital => vital === place.metric) ?? 'lcp'
  const { site, order, target, event, error, id } = place
  // What failed early has no vitals.
  const by = error && order === 'newest' ? '' : metric
  const path = pathOf('pageviews', { ...baseOf(place), metric: by, order, target, event, error, limit: 25 })
  const answer = useAnswer<PageViewsAnswer>(path)
  const found = answer.data
  const { views, cursor, onMore, said } = useMore(path, found)
  const listed = views.find(view => view.id === id)
  // A link holds longer than the list that it came from.
  const single = useAnswer<PageViewAnswer>(id && !listed ? pathOf('pageview', { site, id }) : '')
  const view = listed ?? single.data
  useReturn(id)
  const vitals = [metric, ...VITALS.filter(vital => vital !== metric)]
  const title = `${order === 'slowest' ? 'Slowest' : 'Newest'} page views${by && ` by ${short(by)}`}`
  const tools = (
    <Tabs label="Order" name="order" options={{ slowest: 'Slowest', newest: 'Newest' }} also={{ id: '' }} />
  )
  return (
    <>
      <Tabs
        label="Metric"
        name="metric"
        current={metric}
        options={Object.fromEntries(VITALS.map(vital => [vital, short(vital)]))}
        also={{ id: '', target: '', event: '' }}
      />
      <Narrowed place={place} />
      <div class={id ? 'split' : ''}>
        <Section title={title} answer={answer} path={path} tools={tools}>
          {views.length === 0 ? (
            <p class="soft">no data</p>
          ) : (
            <Table label={title} columns={['Route', ...vitals.map(short), 'Visitor', 'Calls', 'Release']}>
              {views.map(view => (
                <Row key={view.id} view={view} vitals={vitals} open={view.id === id} />
              ))}
            </Table>
          )}
          {found && <LookedAt of={found} />}
          {cursor && (
            <p>
              <button type="button" onClick={onMore}>
                Show more page views
              </button>{' '}
              <span role="status">{said}</span>
            </p>
          )}
        </Section>
        {view && <Waterfall key={view.id} view={view} />}
        {id && !view && (
          <section class="panel detail" aria-label="Page view" aria-busy={single.busy}>
            {single.error ? <Trouble answer={single} /> : <p class="soft">Loading …</p>}
            <Link to={{ id: '' }}>Close</Link>
          </section>
        )}
      </div>
    </>
  )
}

/** The error or the cause that the page views have, which can be taken away. */
function Narrowed({ place: { error, target, event } }: { place: Place }) {
  return (
    <>
      {error && (
        <p>
          <Chip name="Error" value={error} to={{ error: '', id: '' }} />
        </p>
      )}
      {target && (
        <p>
          <Chip name={event || 'Element'} value={target} to={{ target: '', event: '', id: '' }} />
        </p>
      )}
    </>
  )
}

/** Says how many the slowest were chosen from, where that is not all. */
function LookedAt({ of: { looked_at: seen, of: all } }: { of: PageViewsAnswer }) {
  if (seen == null || all == null || seen >= all) return null
  return (
    <p class="soft">
      The slowest of {number(seen)} compared page views, out of about {number(all)}.
    </p>
  )
}

/** Escape closes the page view that is open, and who closes it is back where it was opened. */
function useReturn(id: string): void {
  const [, move] = usePlace()
  const last = useRef('')
  useEffect(() => {
    const row = document.getElementById(`v${id || last.current}`)
    if (id) row?.scrollIntoView({ block: 'nearest' })
    else row?.focus()
    last.current = id
    if (!id) return
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && !document.querySelector(':popover-open')) move({ id: '' })
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [id])
}

function Row({ view, vitals, open }: { view: PageViewAnswer; vitals: Vital[]; open: boolean }) {
  const { id, began, route, device, country, browser, connection, calls, release, trace } = view
  return (
    <tr class={open ? 'open' : ''}>
      <th scope="row">
        <Link id={`v${id}`} to={{ id: open ? '' : id }} current={open}>
          <bdi>{route}</bdi>
        </Link>
        <small>
          {moment(began)} <Trace of={trace} />
        </small>
      </th>
      {vitals.map(vital => (
        <td key={vital}>
          <Rated metric={vital} value={view[vital]} />
        </td>
      ))}
      <td class="text">{[device, country, browser, connection].filter(Boolean).join(', ')}</td>
      <td>{calls.length}</td>
      <td class="text">
        <bdi>{release ?? '–'}</bdi>
      </td>
    </tr>
  )
}
