/** What a metric breaks down into: one dimension, the groups that harm most first. A row filters by itself. */

import type { Metric } from '../../schema/metrics.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/summary.ts'
import { useAnswer } from './answer.ts'
import { Figure } from './figure.tsx'
import { Link, usePlace } from './go.tsx'
import { DIMENSIONS, type Place } from './place.ts'
import { baseOf, pathOf } from './question.ts'
import { Section, Table } from './section.tsx'
import { ShareBar } from './sharebar.tsx'
import { number, percent, short } from './words.ts'

/** Samples below which a row is dimmed. */
export const FEW = 20

/** `extra` narrows the question further, to one endpoint. */
export function Breakdown({
  metric,
  total,
  extra = {},
}: {
  metric: Metric
  total: number
  extra?: Record<string, string>
}) {
  const [place] = usePlace()
  const { by, p, rows } = place
  const names = Object.keys(DIMENSIONS) as Place['by'][]
  const path = pathOf('summary', {
    ...baseOf(place),
    ...extra,
    metrics: metric,
    percentiles: p,
    group_by: by,
    sort: 'impact',
    limit: rows,
  })
  const answer = useAnswer<SummaryAnswer>(path)
  const data = answer.data?.data ?? []
  const tools = (
    <nav class="tabs" aria-label="Break down by">
      {names.map(name => (
        <Link key={name} to={{ by: name }} current={by === name}>
          {DIMENSIONS[name]}
        </Link>
      ))}
    </nav>
  )
  const title = `${short(metric)} by ${DIMENSIONS[by].toLowerCase()}`
  const columns = [
    DIMENSIONS[by],
    `p${p}`,
    'Good, needs improvement, poor',
    'Impact',
    metric === 'api' ? 'Calls' : 'Page views',
    'Share',
    'Samples',
  ]
  return (
    <Section title={title} answer={answer} path={path} tools={tools}>
      {data.length === 0 ? (
        <p class="soft">no data</p>
      ) : (
        <Table label={title} columns={columns}>
          {data.map(row => (
            <Row key={row.group[by]} row={row} total={total} />
          ))}
        </Table>
      )}
      <p class="soft">
        Impact is the share of all {metric === 'api' ? 'calls' : 'page views'} that are in the row and not
        good.{' '}
        {data.length === Number(rows) && rows !== '200' && (
          <Link to={{ rows: rows === '10' ? '50' : '200' }}>Show more rows</Link>
        )}
      </p>
    </Section>
  )
}

function Row({ row, total }: { row: SummaryRow; total: number }) {
  const [{ by, p }] = usePlace()
  const name = row.group[by]
  const share = total ? Math.min(1, row.count / total) : null
  const impact = share === null || !row.shares ? null : share * (1 - row.shares.good)
  return (
    <tr class={row.samples < FEW ? 'few' : ''}>
      <th scope="row" title={name ?? undefined}>
        {name ? (
          <Link to={{ [by]: name }}>
            <bdi>{name}</bdi>
          </Link>
        ) : (
          'unknown'
        )}
      </th>
      <td>
        <Figure metric={row.metric} figure={row.percentiles[`p${p}`]} />
      </td>
      <td class="wide">{row.shares && <ShareBar shares={row.shares} />}</td>
      <td>{impact === null ? '–' : percent(impact)}</td>
      <td>{number(row.count)}</td>
      <td>{share === null ? '–' : percent(share)}</td>
      <td>
        {number(row.samples)}
        {row.samples < FEW && ', few'}
      </td>
    </tr>
  )
}
