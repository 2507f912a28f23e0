/** The share of page views without an uncaught error, and the errors by their fingerprint. */

import type { ErrorRow, ErrorsAnswer } from '../../schema/api/errors.ts'
import { formatShare } from '../../schema/domain/delivery-metrics.ts'
import { placeOf } from '../../schema/wire/pageview.ts'
import { count, moment, number, percent } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { baseOf, pathOf } from './query.ts'
import { Sampled, Section, Table } from './section.tsx'
import { useAnswer } from './use-api.ts'

const ERRORS = 50
const COLUMNS = [
  'Error',
  'Count',
  'Page views',
  'Share',
  'First in range',
  'Last in range',
  'Release',
  'Browser',
]

export function Errors() {
  const [place] = usePlace()
  const path = pathOf('errors', { ...baseOf(place), limit: ERRORS })
  const answer = useAnswer<ErrorsAnswer>(path)
  const { data } = answer
  return (
    <Section title="Errors" answer={answer} path={path}>
      {data?.error_free ? (
        <Found found={data} free={data.error_free} />
      ) : (
        <p class="soft">No data. The full script counts errors, unless a page turns that off.</p>
      )}
    </Section>
  )
}

function Found({ found, free }: { found: ErrorsAnswer; free: NonNullable<ErrorsAnswer['error_free']> }) {
  const { data, pageviews, unlisted } = found
  return (
    <>
      <p>
        <strong>{formatShare(free.value)}</strong> of {count(pageviews, 'page view')} had no error.{' '}
        <small>
          95% interval {formatShare(free.low)} to {formatShare(free.high)}
        </small>
      </p>
      <Sampled of={found} />
      {data.length > 0 && (
        <Table label="Errors" columns={COLUMNS}>
          {data.map(row => (
            <tr key={placeOf(row) + row.kind + row.message}>
              <th scope="row">
                <Name>{row.message || '(no message)'}</Name>
                <small>
                  {' '}
                  <Name>{row.kind === 'error' ? placeOf(row) : 'unhandled rejection'}</Name>
                </small>
              </th>
              <td>{number(row.count)}</td>
              <td>
                {row.message ? (
                  <Link
                    to={{ view: 'views', error: row.message, order: 'newest', target: '', event: '', id: '' }}
                  >
                    {number(row.pageviews)}
                    <span class="hidden"> page views with {row.message}</span>
                  </Link>
                ) : (
                  number(row.pageviews)
                )}
              </td>
              <td>{percent(row.share)}</td>
              <td>{moment(row.first_seen)}</td>
              <td>{moment(row.last_seen)}</td>
              <td class="text">{namesOf(row.releases)}</td>
              <td class="text">{namesOf(row.browsers)}</td>
            </tr>
          ))}
        </Table>
      )}
      {unlisted > 0 && <p class="soft">{count(unlisted, 'error')} more in no row.</p>}
    </>
  )
}

/** The three most frequent, with their shares where there are several. */
function namesOf(names: ErrorRow['releases']): string {
  if (!names.length) return '–'
  return names
    .slice(0, 3)
    .map(({ name, share }) => (share < 1 ? `${name} ${percent(share)}` : name))
    .join(', ')
}
