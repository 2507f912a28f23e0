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
import { useAnswer } from './use-api.ts'

const VITALS = ['lcp', 'inp', 'cls'] as const

export function Sites() {
  const [{ id }] = usePlace()
  const answer = useAnswer<OverviewAnswer>(
    pathOf('overview', { after: id.startsWith('after ') ? id.slice(6) : '' }),
  )
  const { data = [], next } = answer.data ?? {}
  const columns = ['Site', ...VITALS.map(short), 'Page views', 'Budgets', ...(mayChange() ? ['Change'] : [])]
  return (
    <>
      <Section title="Sites" answer={answer}>
        <p class="soft">The 75th percentile of the last 24 hours that are rolled up.</p>
        <Table label="Sites" columns={columns}>
          {data.map(({ site, vitals, pageviews, budgets }) => (
            <tr key={site}>
              <th scope="row">
                <Link to={{ site, view: 'overview', id: '' }}>{site}</Link>
              </th>
              {VITALS.map(vital => (
                <td key={vital}>
                  <Figure metric={vital} figure={vitals[vital] ?? undefined} />
                </td>
              ))}
              <td>{number(pageviews)}</td>
              <td class="text">
                <Link to={{ site, view: 'budgets', id: '' }}>
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
                  <Link to={{ site, id: site }} className="button" label={`Settings of ${site}`}>
                    Settings
                  </Link>
                </td>
              )}
            </tr>
          ))}
        </Table>
        {next && (
          <p>
            <Link to={{ id: `after ${next}` }}>More sites</Link>
          </p>
        )}
      </Section>
      {mayChange() && data.some(({ site }) => site === id) && <SiteSettings key={id} site={id} />}
      {mayChange() && <CreateSite title="New site" />}
    </>
  )
}
