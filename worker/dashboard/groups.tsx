/** A metric by group as a table, in the order of the answer; groups of few samples are dimmed, and what is no group has no link. */

import type { ComponentChildren } from 'preact'
import type { GroupKey } from '../../schema/api/query.ts'
import type { SummaryRow } from '../../schema/api/summary.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import { Explain } from './explain.tsx'
import { Figure } from './figure.tsx'
import { number, percent } from './format.ts'
import { type Change, Link, usePlace } from './link.tsx'
import { Table } from './section.tsx'
import { ShareBar } from './sharebar.tsx'

/** Samples below which a row is dimmed. */
const FEW = 20

interface GroupsProps {
  label: string
  metric: Metric
  by: GroupKey
  /** What the groups are called. */
  head: string
  rows: SummaryRow[]
  /** Page views or calls of all groups together, those that are not shown, too; null while that is not known. */
  total: number | null
  /** Where a group leads to. */
  to: (name: string) => Change
  more?: [head: string, cell: (row: SummaryRow) => ComponentChildren][]
}

export function Groups({ label, metric, by, head, rows, total, to, more = [] }: GroupsProps) {
  const [place] = usePlace()
  const p = `p${place.p}`
  const what = metric === 'api' ? 'calls' : 'page views'
  const columns = [head, p, 'Ratings', 'Impact', `Share of ${what}`, 'Count', 'Samples']
  const shown = rows.filter(row => !row.rest).length
  if (rows.length === 0) return <p class="soft">no data</p>
  return (
    <>
      <Table label={label} columns={[...columns, ...more.map(([head]) => head)]}>
        {rows.map(row => {
          const name = row.group[by]
          const isGroup = !row.rest && !row.other
          const share = total === null ? null : total && Math.min(1, row.count / total)
          return (
            <tr key={name} class={row.samples < FEW || !isGroup ? 'few' : ''}>
              <th scope="row" title={row.rest ? 'The sum of all groups without a row' : (name ?? '')}>
                {name && isGroup ? (
                  <Link to={to(name)}>
                    <bdi>{name}</bdi>
                  </Link>
                ) : (
                  (name ?? 'unknown')
                )}
              </th>
              <td>
                <Figure metric={row.metric} figure={row.percentiles[p]} />
              </td>
              <td class="wide">{row.shares && <ShareBar shares={row.shares} />}</td>
              <td>{row.shares && (share === null ? '…' : percent(share * (1 - row.shares.good)))}</td>
              <td>{share === null ? '…' : percent(share)}</td>
              <td>
                {number(row.count)}
                {row.partial && ` to ${number(row.count + (row.missing_at_most ?? 0))}`}
              </td>
              <td>
                {number(row.samples)}
                {row.samples < FEW && ', few'}
              </td>
              {more.map(([head, cell]) => (
                <td key={head}>{cell(row)}</td>
              ))}
            </tr>
          )
        })}
      </Table>
      <p class="soft">
        Impact: the share of all {what} that are in this row and not good. <Explain of="impact" />{' '}
        {shown === Number(place.rows) && shown < 200 && (
          <Link to={{ rows: shown === 10 ? '50' : '200' }}>Show more rows</Link>
        )}
      </p>
    </>
  )
}
