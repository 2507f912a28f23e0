/** How long scripts kept pages from answering, by the hosts that they came from: the site's own and third parties. */

import type { BlockingAnswer } from '../../schema/api/blocking.ts'
import { format } from '../../schema/domain/metrics.ts'
import { Figure } from './figure.tsx'
import { count, percent } from './format.ts'
import { usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section, Table } from './section.tsx'
import { useAnswer } from './use-api.ts'

const HOSTS = 20
const COLUMNS = [
  ...['Host', 'Until load', 'After load', 'Blocking time'],
  ...['Share of blocking time', 'Share of page views', 'p75'],
]

export function ThirdParties() {
  const [place] = usePlace()
  const path = pathOf('blocking', { ...baseOf(place), limit: HOSTS })
  const answer = useAnswer<BlockingAnswer>(path)
  const { data } = answer
  return (
    <Section title="Blocking time by host" answer={answer} path={path} className="whole">
      {data?.count ? (
        <Hosts found={data} />
      ) : (
        <p class="soft">No data. Only Chromium measures blocking time, and only the full script sends it.</p>
      )}
    </Section>
  )
}

function Hosts({ found }: { found: BlockingAnswer }) {
  const { load, after, rest, sampled, data } = found
  const most = Math.max(1, ...[...data, rest].map(({ load, after }) => load + after))
  return (
    <>
      <p class="soft">
        On average scripts blocked a page view for {format('lcp', load)} until it had loaded, and for{' '}
        {format('lcp', after)} after. Measured on {count(found.count, 'page view')} in Chromium.
        {sampled > 1 && ` Read from one in ${sampled} of them.`}
      </p>
      <Table label="Hosts" columns={COLUMNS}>
        {[...data, { ...rest, host: undefined, share: null, p75: undefined }].map(row => (
          <tr key={String(row.host)}>
            <th scope="row">
              {row.host ? <Name>{row.host}</Name> : row.host === null ? '(own scripts)' : '(rest)'}
            </th>
            <td>
              <span class="swatch part0" />
              {format('lcp', row.load)}
            </td>
            <td>
              <span class="swatch part1" />
              {format('lcp', row.after)}
            </td>
            <td class="wide">
              <div class="track" aria-hidden="true">
                <span class="part0" style={{ left: 0, width: `${(row.load / most) * 100}%` }} />
                <span
                  class="part1"
                  style={{ left: `${(row.load / most) * 100}%`, width: `${(row.after / most) * 100}%` }}
                />
              </div>
            </td>
            <td>{percent(row.time_share)}</td>
            <td>{row.share !== null && percent(row.share)}</td>
            <td>{row.p75 && <Figure metric="blocking:load" figure={row.p75} />}</td>
          </tr>
        ))}
      </Table>
    </>
  )
}
