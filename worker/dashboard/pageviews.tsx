/** Single page views, the slowest or the newest first; one of them open, with its waterfall. */

import type { PageViewAnswer, PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { Rated } from './figure.tsx'
import { moment, number, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section, Table } from './section.tsx'
import { Chip, Tabs } from './tabs.tsx'
import { useAnswer } from './use-api.ts'
import { Waterfall } from './waterfall.tsx'

export function PageViews() {
  const [place] = usePlace()
  const metric: Vital = VITALS.find(vital => vital === place.metric) ?? 'lcp'
  const { order, target, event, id } = place
  const path = pathOf('pageviews', { ...baseOf(place), metric, order, target, event, limit: 25 })
  const answer = useAnswer<PageViewsAnswer>(path)
  const found = answer.data
  const open = found?.data.find(view => view.id === id)
  const title = `${order === 'slowest' ? 'Slowest' : 'Newest'} page views by ${short(metric)}`
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
      {target && (
        <p>
          <Chip name={event || 'Element'} value={target} to={{ target: '', event: '', id: '' }} />
        </p>
      )}
      {open && <Waterfall view={open} />}
      <Section title={title} answer={answer} path={path} tools={tools}>
        {found?.data.length === 0 ? (
          <p class="soft">no data</p>
        ) : (
          <Table
            label={title}
            columns={['Began', ...VITALS.map(short), 'Route', 'Visitor', 'Calls', 'Release']}
          >
            {found?.data.map(view => (
              <Row key={view.id} view={view} open={view.id === id} />
            ))}
          </Table>
        )}
        {found?.looked_at != null && found.of != null && found.looked_at < found.of && (
          <p class="soft">
            The slowest of {number(found.looked_at)} compared page views, out of about {number(found.of)}.
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
