/**
 * A budget to be made, or the one to be changed: fields that offer what exists go in, what the API takes comes out, with how
 * the budget would have stood in the last 28 days.
 */

import { useContext, useRef, useState } from 'preact/hooks'
import type { BudgetAnswer, BudgetPreview } from '../../schema/api/budgets.ts'
import type { GroupKey } from '../../schema/api/filters.ts'
import type { SegmentsAnswer } from '../../schema/api/segments.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { DELIVERY_METRICS, VISITED_SHARES } from '../../schema/domain/delivery-metrics.ts'
import { BLOCKING, type Budgeted, format, METRICS, PHASES } from '../../schema/domain/metrics.ts'
import { isTagKey, MAX_TAGS, tagOf } from '../../schema/domain/tag.ts'
import { ask } from './client.ts'
import { Field, Form, valuesOf } from './field.tsx'
import { count, number, percent } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { pathOf } from './query.ts'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'
import { useTags } from './use-tags.ts'

const MEASURES = [
  ...Object.keys(METRICS),
  'pageviews',
  ...VISITED_SHARES,
  ...PHASES.map(phase => `phase:${phase}`),
  ...BLOCKING.map(when => `blocking:${when}`),
  ...DELIVERY_METRICS,
]

const FIELDS = [
  ['metric', 'Metric', '', { required: true, options: MEASURES }],
  ['percentile', 'Percentile', 75, { required: true, type: 'number', min: 1, max: 99.9, step: 0.1 }],
  [
    'limit',
    'Limit (ms, score, share, page views)',
    '',
    { required: true, type: 'number', min: 0, step: 'any' },
  ],
  [
    'relative_to',
    'Relative to (0.1: 10% above)',
    '',
    { placeholder: 'nothing', options: ['week', 'release'] },
  ],
  ['endpoint', 'Endpoint (of calls)', '', { placeholder: 'all' }],
  ['route', 'Route', '', { placeholder: 'all' }],
  ['device', 'Device', '', { placeholder: 'all', options: ['phone', 'tablet', 'desktop'] }],
  ['tag', 'Tag (name:value)', '', { placeholder: 'all' }],
  ['segment', 'Segment', '', { placeholder: 'none' }],
  ['window_hours', 'Window in hours', 24, { required: true, type: 'number', min: 1, max: 672 }],
  ['minimum', 'Minimum samples', 100, { required: true, type: 'number', min: 1 }],
] as const

export function BudgetForm({ budget }: { budget: BudgetAnswer | undefined }) {
  const [{ site }, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run, fault, hush] = useWork()
  const [past, setPast] = useState<{ preview: BudgetPreview; metric: Budgeted } | null>(null)
  const latest = useRef<Promise<BudgetPreview> | null>(null)
  const saved = useAnswer<SegmentsAnswer>(`/v1/sites/${site}/segments`)
  const known: { [field: string]: string[] } = {
    route: useNames('route', 'pageviews'),
    endpoint: useNames('endpoint', 'api'),
    tag: useTagged(),
    segment: saved.data?.data.map(({ id }) => id) ?? [],
  }
  const path = `/v1/sites/${site}/budgets`
  const onSubmit = (form: HTMLFormElement) => {
    const [to, method] = budget ? ([`${path}/${budget.id}`, 'PUT'] as const) : ([path, 'POST'] as const)
    return run(ask(to, { method, body: valuesOf(form) }), 'Saved.').then(saved => {
      if (!saved) return
      form.reset()
      latest.current = null
      setPast(null)
      move({ id: '' }, true)
      again()
    })
  }
  const onChange = ({ currentTarget: form }: { currentTarget: HTMLFormElement }) => {
    const body = valuesOf(form)
    latest.current = null
    // How a relative one would have stood is not told.
    if (!form.checkValidity() || body.relative_to) return setPast(null)
    const asked = ask<BudgetPreview>(`${path}/preview`, { method: 'POST', body })
    latest.current = asked
    setPast(null)
    // An answer to what the form held before says nothing of what it holds now.
    const shown = (preview: BudgetPreview | null) => {
      if (latest.current !== asked) return
      if (preview) setPast({ preview, metric: body.metric as Budgeted })
      else run(asked, '')
    }
    asked.then(shown, () => shown(null))
  }
  return (
    <section class="panel" aria-labelledby="budget-form">
      <h2 id="budget-form">{budget ? 'Change the budget' : 'New budget'}</h2>
      {/* What was wrong goes when something is written, and what is known of the past stands below the buttons: nothing moves
          a button that is pressed, since a click on what has moved away is none. */}
      <Form class="fields" onSubmit={onSubmit} onInput={hush} onChange={onChange}>
        {FIELDS.map(([name, label, initial, how]) => (
          <Field
            key={name}
            {...{ name, label, fault, ...how }}
            {...(known[name] && { options: known[name] })}
            defaultValue={String(budget?.[name] ?? initial)}
          />
        ))}
        <p>
          <button type="submit" class="primary">
            {budget ? 'Change budget' : 'Create budget'}
          </button>{' '}
          {budget && <Link to={{ id: '' }}>Cancel</Link>}
        </p>
        <p role="status">
          {past && <Past {...past} />} {said}
        </p>
      </Form>
    </section>
  )
}

/** How the budget would have stood, in words. */
function Past({ preview, metric }: { preview: BudgetPreview; metric: Budgeted }) {
  const { samples, sampled, windows, breached, breaches, no_data, lowest, highest, from, to } = preview
  const days = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000)
  if (!samples) return <strong>Nothing in the last {days} days matches this budget.</strong>
  const judged = windows - no_data
  if (!judged)
    return (
      <strong>
        Too few samples for this minimum: {number(samples)} in {days} days.
      </strong>
    )
  return (
    <>
      <strong>
        In the last {days} days it would have been breached {count(breaches, 'time')}
        {breaches > 0 && `, for ${percent(breached / windows)} of the time`}.
      </strong>{' '}
      Its value was {format(metric, lowest)} to {format(metric, highest)}, of {count(samples, 'sample')}.
      {no_data > 0 && ` For ${percent(no_data / windows)} of the time there was too little data.`}
      {sampled > 1 && ` Read from one in ${sampled} page views.`}
    </>
  )
}

/** The busiest names of the last week. */
function useNames(by: GroupKey | undefined, metrics: string): string[] {
  const [{ site }] = usePlace()
  const path = by ? pathOf('summary', { site, from: '-7d', metrics, group_by: by, limit: 200 }) : ''
  const answer = useAnswer<SummaryAnswer>(path)
  return (
    answer.data?.data.flatMap(({ group, rest, other }) => (rest || other || !by ? [] : (group[by] ?? []))) ??
    []
  )
}

/** `plan:pro` of every declared tag. */
function useTagged(): string[] {
  const keys = Object.keys(useTags()).filter(isTagKey)
  return Array.from({ length: MAX_TAGS }, (_, i) => {
    const key = keys[i]
    return useNames(key, 'pageviews').map(name => `${key && tagOf(key)}:${name}`)
  }).flat()
}
