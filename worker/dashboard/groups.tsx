/**
 * A metric by group as a table, with what changed in each: in the order of the answer, or of a column. Groups of few samples
 * are dimmed, and what is no group has no link and comes last.
 */

import type { ComponentChildren } from 'preact'
import type { GroupKey } from '../../schema/api/filters.ts'
import type { SummaryAnswer, SummaryRow } from '../../schema/api/summary.ts'
import type { TrendsAnswer, TrendsRow } from '../../schema/api/trends.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import { Explain } from './explain.tsx'
import { Figure } from './figure.tsx'
import { number, percent, verdict } from './format.ts'
import { type Change, Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Table } from './section.tsx'
import { ShareBar } from './sharebar.tsx'
import { type FilterName, filterOf, type Place } from './url-state.ts'
import type { Answer } from './use-api.ts'

/** Samples below which a row is dimmed. */
const FEW = 20

/** The most groups of an answer. */
const MAX_LIMIT = 200

/** How many groups are asked for: all that there may be where they are searched or sorted. */
export function limitOf({ q, col, rows }: Place): string {
  return q || col ? String(MAX_LIMIT) : rows
}

/**
 * What the groups are shares of: what is known of all, or their own sum where they were read from a sample, which estimates
 * another one.
 */
export function totalOf(answer: SummaryAnswer | null, known: number | null): number | null {
  const { data = [], sampled = 1 } = answer ?? {}
  return sampled > 1 ? data.reduce((sum, { count }) => sum + count, 0) : known
}

interface GroupsProps {
  label: string
  metric: Metric
  by: GroupKey
  /** What the groups are called. */
  head: string
  rows: SummaryRow[]
  /** What changed in the same groups. */
  changes: Answer<TrendsAnswer>
  /** Page views or calls of all groups together, those that are not shown, too; null while that is not known. */
  total: number | null
  /** Where a group leads to. */
  to: (name: string) => Change
  more?: [head: string, cell: (row: SummaryRow) => ComponentChildren][]
}

export function Groups({ label, metric, by, head, rows, changes, total, to, more = [] }: GroupsProps) {
  const [place, move] = usePlace()
  // Beside the table of endpoints there is another one: search and order are those of the first.
  const isOrdered = by === 'endpoint' || place.view !== 'api'
  const { q, col } = isOrdered ? place : { q: '', col: '' }
  const p = `p${place.p}`
  const what = metric === 'api' ? 'calls' : 'page views'
  const columns = [head, p, 'Change', 'Ratings', 'Impact', `Share of ${what}`, 'Count', 'Samples']
  const changeOf = (row: SummaryRow) => changes.data?.data.find(({ group }) => group[by] === row.group[by])
  const shareOf = ({ count }: SummaryRow) => (total === null ? null : total && Math.min(1, count / total))
  const impactOf = ({ shares, count }: SummaryRow) => count * (1 - (shares?.good ?? 1))
  const values: Record<string, (row: SummaryRow) => number | string> = {
    [head]: row => row.group[by] ?? '',
    [p]: row => row.percentiles[p]?.value ?? 0,
    Change: row => weightOf(changeOf(row)),
    Impact: impactOf,
    [`Share of ${what}`]: row => row.count,
    Count: row => row.count,
    Samples: row => row.samples,
  }
  const measure = values[col.replace(/^-/, '')]
  const shown = orderOf(rows, by, q, measure, col.startsWith('-'), Number(place.rows))
  const groups = rows.filter(row => !row.rest).length
  if (rows.length === 0) return <p class="soft">no data</p>
  return (
    <>
      {isOrdered && (groups >= 10 || q) && (
        <input
          type="search"
          aria-label={`Find in ${label}`}
          placeholder={`Find ${head.toLowerCase()} …`}
          value={q}
          onInput={event => move({ q: event.currentTarget.value }, true)}
        />
      )}
      {shown.length === 0 && (
        <p class="soft">
          {groups < rows.length ? `None of these ${groups} names` : 'No name'} has “{q}” in it.
        </p>
      )}
      <Table
        label={label}
        columns={[...columns, ...more.map(([head]) => head), 'Filter']}
        sortable={isOrdered ? Object.keys(values) : []}
      >
        {shown.map(row => (
          <Row key={row.group[by]} {...{ row, by, p, to, more }} share={shareOf(row)}>
            <Verdict row={changeOf(row)} instead={changes.data ? '–' : changes.error ? 'not known' : '…'} />
          </Row>
        ))}
      </Table>
      <p class="soft">
        Impact: the share of all {what} that are in this row and not good. <Explain of="impact" /> Change:
        against the period before.{' '}
        {groups > Number(place.rows) - 1 && Number(place.rows) < MAX_LIMIT && (
          <Link to={{ rows: place.rows === '10' ? '50' : String(MAX_LIMIT) }}>Show more rows</Link>
        )}
      </p>
    </>
  )
}

interface RowProps extends Required<Pick<GroupsProps, 'by' | 'to' | 'more'>> {
  row: SummaryRow
  /** The percentile: `p75`. */
  p: string
  /** Its share of all groups; null while that is not known. */
  share: number | null
  /** What changed in it. */
  children: ComponentChildren
}

function Row({ row, by, p, share, to, more, children }: RowProps) {
  const [place] = usePlace()
  const { metric, percentiles, shares, samples, rest, other } = row
  const name = row.group[by] ?? 'unknown'
  const isSum = rest || other
  const group = isSum ? null : row.group[by]
  const up = by !== 'endpoint'
  return (
    <tr class={samples < FEW || isSum ? 'few' : ''}>
      <th scope="row" title={rest ? 'The sum of all groups without a row' : name}>
        {group ? (
          <Link to={to(group)} up={up} current={isChosen(place, ...filterIn(by, group))}>
            <Name>{group}</Name>
          </Link>
        ) : (
          name
        )}
      </th>
      <td>
        <Figure metric={metric} figure={percentiles[p]} />
      </td>
      <td class="change">{children}</td>
      <td class="wide">{shares && <ShareBar shares={shares} />}</td>
      <td>{shares && portion(share, 1 - shares.good)}</td>
      <td>{portion(share)}</td>
      <td>
        {countOf(row)}
        {row.count_interval && (
          <small>
            {number(row.count_interval.low)} – {number(row.count_interval.high)}
          </small>
        )}
      </td>
      <td>
        {number(samples)}
        {samples < FEW && ', few'}
      </td>
      {more.map(([head, cell]) => (
        <td key={head}>{cell(row)}</td>
      ))}
      <td>{group && <Choose filter={filterIn(by, group)} name={group} up={up} />}</td>
    </tr>
  )
}

/** `120 to 150`, where some of it may lie in `(other)`. */
function countOf({ count, partial, missing_at_most }: SummaryRow): string {
  return `${number(count)}${partial ? ` to ${number(count + (missing_at_most ?? 0))}` : ''}`
}

function portion(share: number | null, of = 1): string {
  return share === null ? '…' : percent(share * of)
}

function Verdict({ row, instead }: { row: TrendsRow | undefined; instead: string }) {
  return <span class={row?.verdict ?? 'soft'}>{row?.verdict ? verdict(row) : instead}</span>
}

type Chosen = FilterName | 'api'

/** What of the place says that a group is chosen, and how. */
function filterIn(by: GroupKey, name: string): [state: Chosen, value: string] {
  return by === 'endpoint' ? ['api', name] : filterOf(by, name)
}

/** Adds a group to those that are filtered by, or leaves it out. */
function Choose({ filter, name, up }: { filter: [Chosen, string]; name: string; up: boolean }) {
  const [place] = usePlace()
  const [by, value] = filter
  const add = (key: typeof by | `${typeof by}!`): Change => ({
    [key]: [...new Set([...(place[key] ? place[key].split('\n') : []), value])].join('\n'),
  })
  return (
    <>
      {place[by] && !isChosen(place, by, value) && (
        <Link to={add(by)} up={up}>
          Add<span class="hidden"> {name}</span>
        </Link>
      )}{' '}
      <Link to={add(`${by}!`)} up={up}>
        Exclude<span class="hidden"> {name}</span>
      </Link>
    </>
  )
}

function isChosen(place: Place, by: Chosen, name: string): boolean {
  return place[by].split('\n').includes(name)
}

/** The worst first: what surely got slower by how much, then what is not sure, then what got faster. */
function weightOf(row: TrendsRow | undefined): number {
  const { verdict, change } = row ?? {}
  const moved = change?.ratio?.value ?? change?.difference.value ?? 0
  if (verdict === 'degrading') return 1e6 + moved
  return verdict === 'improving' ? -1e6 + moved : moved / 1e6
}

/** Groups whose name has `q` in it, by a value; what is no group keeps its place at the end, and is not searched. */
function orderOf(
  rows: readonly SummaryRow[],
  by: GroupKey,
  q: string,
  measure: ((row: SummaryRow) => number | string) | undefined,
  isDown: boolean,
  most: number,
): SummaryRow[] {
  const isGroup = ({ rest, other }: SummaryRow) => !rest && !other
  const found = rows.filter(
    row => isGroup(row) && (row.group[by] ?? '').toLowerCase().includes(q.toLowerCase()),
  )
  if (measure) {
    const sign = isDown ? -1 : 1
    found.sort((a, b) => {
      const [x, y] = [measure(a), measure(b)]
      return sign * (x < y ? -1 : x > y ? 1 : 0)
    })
  }
  const first = found.slice(0, most)
  return q ? first : [...first, ...rows.filter(row => !isGroup(row))]
}
