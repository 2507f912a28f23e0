/** Single page views, the slowest or the newest first; one of them open, with its waterfall. */

import { VITALS, type Vital } from '../../schema/metrics.ts'
import type { PageViewAnswer, PageViewsAnswer } from '../../schema/pageviews.ts'
import { useAnswer } from './answer.ts'
import { Rated } from './figure.tsx'
import { Link, usePlace } from './go.tsx'
import { baseOf, pathOf } from './question.ts'
import { Section, Table } from './section.tsx'
import { Waterfall } from './waterfall.tsx'
import { moment, number, short } from './words.ts'

export function PageViews() {
  const [place, move] = usePlace()
  const metric: Vital = VITALS.find(vital => vital === place.metric) ?? 'lcp'
  const { order, target, event, id } = place
  const path = pathOf('pageviews', { ...baseOf(place), metric, order, target, event, limit: 25 })
  const answer = useAnswer<PageViewsAnswer>(path)
  const found = answer.data
  const open = found?.data.find(view => view.id === id)
  const title = `${order === 'slowest' ? 'Slowest' : 'Newest'} page views by ${short(metric)}`
  const tools = (
    <nav class="tabs" aria-label="Order">
      <Link to={{ order: 'slowest', id: '' }} current={order === 'slowest'}>
        Slowest
      </Link>
      <Link to={{ order: 'newest', id: '' }} current={order === 'newest'}>
        Newest
      </Link>
    </nav>
  )
  return (
    <>
      <nav class="tabs" aria-label="Metric">
        {VITALS.map(vital => (
          <Link key={vital} to={{ metric: vital, id: '', target: '', event: '' }} current={vital === metric}>
            {short(vital)}
          </Link>
        ))}
      </nav>
      {target && (
        <p>
          <button type="button" class="chip" onClick={() => move({ target: '', event: '', id: '' })}>
            {event} <bdi>{target}</bdi> <span aria-hidden="true">×</span>
            <span class="hidden"> remove this filter</span>
          </button>
        </p>
      )}
      {open && <Waterfall view={open} />}
      <Section title={title} answer={answer} path={path} tools={tools}>
        {found?.data.length === 0 ? (
          <p class="soft">no data</p>
        ) : (
          <Table label={title} columns={['Began', ...VITALS.map(short), 'Route', 'From', 'Calls', 'Release']}>
            {found?.data.map(view => (
              <Row key={view.id} view={view} open={view.id === id} />
            ))}
          </Table>
        )}
        {found?.looked_at != null && found.of != null && found.looked_at < found.of && (
          <p class="soft">
            The slowest of {number(found.looked_at)} page views that were compared, out of about{' '}
            {number(found.of)}.
          </p>
        )}
      </Section>
    </>
  )
}

function Row({ view, open }: { view: PageViewAnswer; open: boolean }) {
  const { id, began, route, device, country, browser, connection, calls, release } = view
  return (
    <tr>
      <th scope="row">
        <Link to={{ id: open ? '' : id }} current={open}>
          {moment(began)}
        </Link>
      </th>
      {VITALS.map(vital => (
        <td key={vital}>
          <Rated metric={vital} value={view[vital]} />
        </td>
      ))}
      <td class="text">
        <bdi>{route}</bdi>
      </td>
      <td class="text">{[device, country, browser, connection].filter(Boolean).join(', ')}</td>
      <td>{calls.length}</td>
      <td class="text">
        <bdi>{release ?? '–'}</bdi>
      </td>
    </tr>
  )
}
