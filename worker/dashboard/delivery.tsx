/** What happened to the beacons: taken, left out, refused and why, lost, and how much one address sent; by hour beneath. */

import type { DeliveryAnswer, DeliveryFigures } from '../../schema/api/delivery.ts'
import type { ShareEstimate } from '../../schema/domain/share.ts'
import { date, moment, number, percent, plain } from './format.ts'
import { usePlace } from './link.tsx'
import { Section, Table } from './section.tsx'
import { isNarrowed } from './url-state.ts'
import type { Answer } from './use-api.ts'

const COLUMNS = [
  'When',
  'Accepted',
  'Stored',
  'Sampled out',
  'Bots',
  'Refused',
  'Failed',
  'Lost',
  'Most from one address',
]

/** What is told where there is any. */
const RARE = [
  ['queued', 'Queued'],
  ['late', 'Late'],
  ['ignored', 'Ignored'],
  ['lake_failed', 'Missing in the lake'],
] as const

export function Delivery({ answer, path }: { answer: Answer<DeliveryAnswer>; path: string }) {
  const { data } = answer
  const [place] = usePlace()
  return (
    <Section title="Delivery" answer={answer} path={path} className="whole">
      {data?.hours.length ? (
        <>
          <dl class="facts">
            <Fact name="Accepted" value={number(data.accepted)} />
            <Fact name="Stored" value={number(data.stored)} />
            <Fact name="Sampled out" value={number(data.sampled_out)} />
            <Fact name="Bots" value={number(data.bots)} note={shareOf(data.shares.bots)} />
            <Fact
              name="Refused"
              value={number(refusedOf(data))}
              note={`${shareOf(data.shares.refused)} ${reasonsOf(data)}`}
            />
            <Fact name="Failed" value={number(data.failed)} note={shareOf(data.shares.failed)} />
            {RARE.map(
              ([key, name]) => !!data[key] && <Fact key={key} name={name} value={number(data[key])} />,
            )}
            <Fact
              name="Lost"
              value={lossOf(data)}
              note={data.lost ? `95% interval ${rangeOf(data.lost)}` : 'not known yet'}
            />
            <Fact name="Most from one address" value={busiestOf(data)} />
            {!!data.unknown_sites && <Fact name="For unknown sites" value={number(data.unknown_sites)} />}
          </dl>
          <p class="soft">
            {isNarrowed(place) && `All of ${place.site}, whatever the filters. `}
            Counts are lower bounds. Loss is an estimate of rolled-up hours. No address is stored.
          </p>
          <details>
            <summary>By {data.step}</summary>
            <Table label={`Delivery by ${data.step}`} columns={COLUMNS}>
              {data.hours.toReversed().map(hour => (
                <tr key={hour.hour}>
                  <th scope="row">{data.step === 'day' ? date(Date.parse(hour.hour)) : moment(hour.hour)}</th>
                  {[hour.accepted, hour.stored, hour.sampled_out, hour.bots].map((value, i) => (
                    <td key={COLUMNS[i + 1]}>{number(value)}</td>
                  ))}
                  <td>
                    {number(refusedOf(hour))} <small>{reasonsOf(hour)}</small>
                  </td>
                  <td>{number(hour.failed)}</td>
                  <td>{lossOf(hour)}</td>
                  <td>{busiestOf(hour)}</td>
                </tr>
              ))}
            </Table>
          </details>
        </>
      ) : (
        <p class="soft">No beacons in this range.</p>
      )}
    </Section>
  )
}

function Fact({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note && <small> {note}</small>}
      </dd>
    </div>
  )
}

function refusedOf({ refused }: DeliveryFigures): number {
  return Object.values(refused).reduce((total, count) => total + count, 0)
}

/** `rate 210, origin 2`, the most frequent reason first. */
function reasonsOf({ refused }: DeliveryFigures): string {
  return Object.entries(refused)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${plain(reason)} ${number(count)}`)
    .join(', ')
}

function lossOf({ lost }: DeliveryFigures): string {
  return lost ? percent(lost.value) : '–'
}

/** `5.3%, 5.1% to 5.6%`. */
function shareOf(share: ShareEstimate | null): string {
  return share ? `${percent(share.value)}, ${rangeOf(share)}` : ''
}

function rangeOf({ low, high }: ShareEstimate): string {
  return `${percent(low)} to ${percent(high)}`
}

function busiestOf({ busiest_share }: DeliveryFigures): string {
  return busiest_share === null ? '–' : percent(busiest_share)
}
