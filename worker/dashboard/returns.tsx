/** How many returns the browser restored from its back/forward cache, and why it loaded the others anew. */

import type { BfcacheAnswer } from '../../schema/api/bfcache.ts'
import { formatShare } from '../../schema/domain/delivery-metrics.ts'
import { count, number } from './format.ts'
import { usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { baseOf, pathOf } from './query.ts'
import { Sampled, Section, Table } from './section.tsx'
import { useAnswer } from './use-api.ts'

export function Returns() {
  const [place] = usePlace()
  const path = pathOf('bfcache', baseOf(place))
  const answer = useAnswer<BfcacheAnswer>(path)
  const { data: found } = answer
  return (
    <Section title="Back/forward cache" answer={answer} path={path}>
      {found?.restored ? (
        <p>
          The browser restored <strong>{formatShare(found.restored.value)}</strong> of{' '}
          {count(found.count, 'return')} by back and forward. <Interval of={found.restored} /> It loaded the
          others anew.{' '}
          <a href="https://web.dev/articles/bfcache" rel="noreferrer">
            Learn more about the back/forward cache
          </a>
        </p>
      ) : (
        <p class="soft">No data. Only Chromium reports returns, and only the full script sends them.</p>
      )}
      {found && found.data.length > 0 && (
        <Table label="Back/forward cache" columns={['Reason', 'Of all returns', 'Returns', 'Samples']}>
          {found.data.map(({ reason, share, count, samples }) => (
            <tr key={reason}>
              <th scope="row">
                <Name>{reason}</Name>
              </th>
              <td>
                {formatShare(share.value)} <Interval of={share} />
              </td>
              <td>{number(count)}</td>
              <td>{number(samples)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Sampled of={found} />
    </Section>
  )
}

function Interval({ of: { low, high } }: { of: NonNullable<BfcacheAnswer['restored']> }) {
  return (
    <small>
      95% interval {formatShare(low)} to {formatShare(high)}
    </small>
  )
}
