/** Single page views, the slowest or the newest first; one of them open beside the list, with its waterfall. */

import { useEffect, useRef } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { Rated } from './figure.tsx'
import { moment, number, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { PageView } from './pageview.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section, Table, Trouble } from './section.tsx'
import { Chip, Tabs } from './tabs.tsx'
import { Trace } from './trace.tsx'
import type { Place } from './url-state.ts'
import { type Answer, useAnswer } from './use-api.ts'
import { type More, useMore } from './use-more.ts'

export function PageViews() {
  const [place] = usePlace()
  const { id } = place
  const metric: Vital = VITALS.find(vital => vital === place.metric) ?? 'lcp'
  // What failed early has no vitals.
  const by = place.error && place.order === 'newest' ? '' : metric
  const { order, target, event, error } = place
  const path = pathOf('pageviews', { ...baseOf(place), metric: by, order, target, event, error, limit: 25 })
  const answer = useAnswer<PageViewsAnswer>(path)
  const more = useMore(path, answer.data)
  useReturn(id)
  const title = `${order === 'slowest' ? 'Slowest' : 'Newest'} page views${by && ` by ${short(by)}`}`
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
        <List {...{ title, answer, path, metric, more }} />
        {id && <Opened listed={more.views.find(view => view.id === id)} />}
      </div>
    </>
  )
}

interface ListProps {
  title: string
  answer: Answer<PageViewsAnswer>
  path: string
  metric: Vital
  more: More
}

function List({ title, answer, path, metric, more: { views, cursor, onMore, said } }: ListProps) {
  const [{ id }] = usePlace()
  const vitals = [metric, ...VITALS.filter(vital => vital !== metric)]
  const tools = (
    <Tabs label="Order" name="order" options={{ slowest: 'Slowest', newest: 'Newest' }} also={{ id: '' }} />
  )
  return (
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
      {answer.data && <LookedAt of={answer.data} />}
      <p>
        {cursor && (
          <button type="button" onClick={onMore}>
            Show more page views
          </button>
        )}{' '}
        <span role="status">{said}</span>
      </p>
    </Section>
  )
}

/** The page view of the address. A link holds longer than the list that it came from, so it may be asked for by itself. */
function Opened({ listed }: { listed: PageViewAnswer | undefined }) {
  const [{ site, id }] = usePlace()
  const single = useAnswer<PageViewAnswer>(listed ? '' : pathOf('pageview', { site, id }))
  const view = listed ?? single.data
  if (view) return <PageView key={view.id} view={view} />
  return (
    <section class="panel detail" aria-label="Page view" aria-busy={single.busy}>
      {single.error ? <Trouble answer={single} /> : <p class="soft">Loading …</p>}
      <Link to={{ id: '' }}>Close</Link>
    </section>
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
          <Name>{route}</Name>
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
        <Name>{release ?? '–'}</Name>
      </td>
    </tr>
  )
}
