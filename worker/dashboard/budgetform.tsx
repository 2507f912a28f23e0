/** A budget to be made, or the one to be changed: fields go in, what the API takes comes out. */

import { useContext } from 'preact/hooks'
import type { BudgetAnswer } from '../../schema/api/budgets.ts'
import { ask } from './client.ts'
import { Link, usePlace } from './link.tsx'
import { useWork } from './use-action.ts'
import { Live } from './use-api.ts'

const FIELDS = [
  ['metric', 'Metric', '', { required: true, placeholder: 'lcp, inp, cls, fcp, ttfb or api' }],
  ['percentile', 'Percentile', 75, { required: true, type: 'number', min: 1, max: 99.9, step: 0.1 }],
  ['limit', 'Limit (ms; a score for CLS)', '', { required: true, type: 'number', min: 0, step: 'any' }],
  ['relative_to', 'Relative to (0.1: 10% above)', '', { placeholder: 'week or release before' }],
  ['endpoint', 'Endpoint (for api)', '', { placeholder: 'all' }],
  ['route', 'Route', '', { placeholder: 'all' }],
  ['device', 'Device', '', { placeholder: 'phone, tablet or desktop' }],
  ['window_hours', 'Window in hours', 24, { required: true, type: 'number', min: 1, max: 672 }],
  ['minimum', 'Minimum samples', 100, { required: true, type: 'number', min: 1 }],
] as const

export function BudgetForm({ budget }: { budget: BudgetAnswer | undefined }) {
  const [{ site }, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const onSubmit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    const form = event.currentTarget
    const given = new FormData(form)
    const body = Object.fromEntries(
      FIELDS.map(([name, , , { type }]: (typeof FIELDS)[number] & { 3: { type?: string } }) => {
        const value = String(given.get(name)).trim()
        return [name, type ? Number(value) : value || null]
      }),
    )
    const path = `/v1/sites/${site}/budgets${budget ? `/${budget.id}` : ''}`
    run(ask(path, { method: budget ? 'PUT' : 'POST', body }), 'Saved.').then(saved => {
      if (!saved) return
      form.reset()
      move({ id: '' }, true)
      again()
    })
  }
  return (
    <section class="panel" aria-labelledby="budget-form">
      <h2 id="budget-form">{budget ? 'Change the budget' : 'New budget'}</h2>
      <form class="fields" onSubmit={onSubmit}>
        {FIELDS.map(([name, label, initial, how]) => (
          <label key={name}>
            <span>{label}</span>
            <input name={name} defaultValue={String(budget?.[name] ?? initial)} {...how} />
          </label>
        ))}
        <p>
          <button type="submit" class="primary">
            {budget ? 'Change budget' : 'Create budget'}
          </button>{' '}
          {budget && <Link to={{ id: '' }}>Cancel</Link>} <span role="status">{said}</span>
        </p>
      </form>
    </section>
  )
}
