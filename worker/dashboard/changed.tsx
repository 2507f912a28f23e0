/** What got worse or better, where, at the top of the overview; each leads to its metric, its filter and its causes. */

import type { ChangesAnswer, ChangesRow } from '../../schema/api/changes.ts'
import { format } from '../../schema/domain/metrics.ts'
import { firstOf } from './first.ts'
import { count, moment, movedBy, number, short } from './format.ts'
import { type Change, Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Section } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { filterOf, titleOf } from './url-state.ts'
import { useAnswer } from './use-api.ts'

/** Rows of either kind that are shown before all are asked for. */
const FIRST = 3

export function Changed() {
  const [place] = usePlace()
  const path = firstOf(place).changes
  // It is of hours that have settled, so it is asked once an hour.
  const answer = useAnswer<ChangesAnswer>(path, true)
  const found = answer.data
  const telling = (found?.data ?? []).filter(row => !row.part_of)
  const parts = (found?.data.length ?? 0) - telling.length
  const worse = telling.filter(({ verdict }) => verdict === 'degrading')
  const better = telling.filter(({ verdict }) => verdict === 'improving').reverse()
  const tools = (
    <Tabs label="Against" name="against" options={{ '': 'Period before', release: 'Release before' }} />
  )
  return (
    <Section title="What changed" answer={answer} path={path} tools={tools} className="changed whole">
      {found && telling.length === 0 && <p>{nothing(found)}</p>}
      {[worse, better].map(rows => {
        const rest = rows.slice(FIRST)
        return (
          <>
            <List rows={rows.slice(0, FIRST)} release={found?.release ?? ''} />
            {rest.length > 0 && (
              <details>
                <summary>{count(rest.length, 'more group')}</summary>
                <List rows={rest} release={found?.release ?? ''} />
              </details>
            )}
          </>
        )
      })}
      {found && (
        <p class="soft">
          {telling.length > 0 && `${baselineOf(found)} `}
          {parts > 0 && `${count(parts, 'wider or narrower group')} changed as part of these. `}
          {telling.length > 0 && `${number(found.compared)} comparisons, ${number(found.unclear)} unclear. `}
          {found.sampled && `Read from one in ${found.sampled} page views. `}
          {found.compared > 0 && 'Corrected for how many groups were compared.'}
        </p>
      )}
    </Section>
  )
}

function List({ rows, release }: { rows: ChangesRow[]; release: string }) {
  return (
    <ul class="changes">
      {rows.map(row => {
        const { metric, group, before, after, change, verdict, harmed } = row
        const { low, high } = change?.ratio ?? {}
        const noun = metric === 'api' ? 'call' : 'page view'
        return (
          <li key={metric + JSON.stringify(group)}>
            <Link to={placeOf(row, release)} up>
              <strong class={verdict}>
                {verdict === 'degrading' ? '↑' : '↓'} {short(metric)} {movedBy(metric, change)}
              </strong>{' '}
              <Name>{whereOf(group)}</Name>
            </Link>
            <span class="soft">
              {format(metric, before?.value ?? null)} → {format(metric, after?.value ?? null)}
              {low !== undefined && high !== undefined && `, 95% interval ${signed(low)} to ${signed(high)}`}
              {harmed !== 0 &&
                `, ${count(Math.abs(harmed), noun)} ${verdict === 'degrading' ? 'no longer good' : 'more good'}`}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function nothing(found: ChangesAnswer): string {
  const { compared, unclear, baseline } = found
  if (compared === 0) return `There is too little data to compare with. ${baselineOf(found)}`
  const groups = count(compared, 'comparison')
  const of = `${groups} ${baseline.release ? `with release ${baseline.release}` : 'with the period before'}`
  if (unclear === compared) return `Nothing can be told in ${of}: too few page views.`
  return `Nothing changed in ${of}.${unclear ? ` ${number(unclear)} of them are unclear: too few page views to tell.` : ''}`
}

function baselineOf({ baseline, release, from, to }: ChangesAnswer): string {
  if (baseline.release) return `Release ${release} against ${baseline.release}.`
  return `${moment(from)} to ${moment(to)}, against ${moment(baseline.from)} to ${moment(baseline.to)}.`
}

/** `phone on /p/[id]`, `country DE`, `everywhere`. */
function whereOf({ device, route, endpoint, ...others }: ChangesRow['group']): string {
  const on = route ?? endpoint
  if (on) return device ? `${device} on ${on}` : on
  if (device) return device
  const [[key, value] = []] = Object.entries(others) as [keyof typeof others, string | null][]
  return key ? `${titleOf(key).toLowerCase()} ${value}` : 'everywhere'
}

/** Metric, filter, release and causes at once. */
function placeOf({ metric, group }: ChangesRow, release: string): Change {
  const { endpoint, ...filters } = group
  const named = Object.entries(filters) as [keyof typeof filters, string | null][]
  const given = Object.fromEntries(named.map(([key, value]) => filterOf(key, value ?? '')))
  const to = { ...given, ...(release && { release }), q: '', col: '' }
  if (metric === 'api') return { ...to, view: 'api', api: endpoint ?? '' }
  return { ...to, metric, by: release ? 'route' : 'release' }
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.round(Math.abs(share) * 100)}%`
}
