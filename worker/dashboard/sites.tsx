/** All sites at a glance, with their vitals and the state of their budgets; one of them open, with all that may be set. */

import type { OverviewAnswer } from '../../schema/api/overview.ts'
import { BUDGET_STATES } from '../../schema/domain/budget-state.ts'
import { CreateSite } from './createsite.tsx'
import { Figure } from './figure.tsx'
import { number, short } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { pathOf } from './query.ts'
import { Section, Table } from './section.tsx'
import { mayChange } from './session.ts'
import { SiteSettings } from './sitesettings.tsx'
import { State } from './state.tsx'
import { toSite } from './url-state.ts'
import { useAnswer } from './use-api.ts'

const VITALS = ['lcp', 'inp', 'cls'] as const

export function Sites() {
  const [place, move] = usePlace()
  const { id, q, after } = place
  const answer = useAnswer<OverviewAnswer>(pathOf('overview', { after, search: q }))
  const { data = [], next } = answer.data ?? {}
  const columns = ['Site', ...VITALS.map(short), 'Page views', 'Budgets', ...(mayChange() ? ['Change'] : [])]
  return (
    <>
      <Section
        title="Sites"
        answer={answer}
        tools={
          mayChange() && (
            <input
              type="search"
              aria-label="Find a site"
              placeholder="Find a site …"
              value={q}
              onInput={event => move({ q: event.currentTarget.value, after: '' }, true)}
            />
          )
        }
      >
        <p class="soft">The 75th percentile of the last 24 hours that are rolled up.</p>
        {q && data.length === 0 && <p class="soft">No site has “{q}” in its name.</p>}
        <Table label="Sites" columns={columns}>
          {data.map(({ site, vitals, pageviews, budgets }) => (
            <tr key={site}>
              <th scope="row">
                <Link to={{ ...toSite(site, place), view: 'overview' }}>{site}</Link>
              </th>
              {VITALS.map(vital => (
                <td key={vital}>
                  <Figure metric={vital} figure={vitals[vital] ?? undefined} />
                </td>
              ))}
              <td>{number(pageviews)}</td>
              <td class="text">
                <Link to={{ ...toSite(site, place), view: 'budgets' }}>
                  {BUDGET_STATES.filter(state => budgets[state]).map((state, i) => (
                    <span key={state}>
                      {i > 0 && ', '}
                      {budgets[state]} <State state={state} />
                    </span>
                  ))}
                  {!Object.values(budgets).some(Boolean) && 'none'}
                  <span class="hidden">, budgets of {site}</span>
                </Link>
              </td>
              {mayChange() && (
                <td>
                  <Link
                    to={{ site, id: site, at: 'settings' }}
                    className="button"
                    label={`Settings of ${site}`}
                  >
                    Settings
                  </Link>
                </td>
              )}
            </tr>
          ))}
        </Table>
        {(after || next) && (
          <p class="row">
            {after && <Link to={{ after: '' }}>First sites</Link>}
            {next && <Link to={{ after: next }}>More sites</Link>}
          </p>
        )}
      </Section>
      {mayChange() && id && <SiteSettings key={id} site={id} />}
      {mayChange() && <CreateSite title="New site" />}
    </>
  )
}
