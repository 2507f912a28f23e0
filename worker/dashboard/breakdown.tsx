/** What a metric breaks down into: one dimension, the groups that harm most first. A row filters by itself. */

import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import { short } from './format.ts'
import { Groups, limitOf, totalOf } from './groups.tsx'
import { usePlace } from './link.tsx'
import { baseOf, pathOf } from './query.ts'
import { NamesChanged, useRulesSince } from './renamed.tsx'
import { Sampled, Section } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { DIMENSIONS, filterOf, titleOf, without } from './url-state.ts'
import { useAnswer } from './use-api.ts'
import { useDrawn } from './use-drawn.ts'
import { useTags } from './use-tags.ts'

interface BreakdownProps {
  metric: Metric
  total: number | null
  /** Whose groups these are, where that is not all of the metric. */
  about?: string
  /** Narrows the question further, to one endpoint. */
  extra?: Record<string, string>
}

export function Breakdown({ metric, total, about = short(metric), extra = {} }: BreakdownProps) {
  const [place] = usePlace()
  const { by, p } = place
  // What is filtered by is shown beside the others, so that these can be chosen, too.
  const others = without(place, by)
  const base = { ...baseOf({ ...place, ...others }), ...extra, metrics: metric, group_by: by, sort: 'impact' }
  const path = pathOf('summary', { ...base, percentiles: p, limit: limitOf(place) })
  const answer = useAnswer<SummaryAnswer>(path)
  const trends = pathOf('trends', { ...base, percentile: p, limit: limitOf(place) })
  const changes = useAnswer<TrendsAnswer>(trends, true)
  const since = useRulesSince()
  const head = titleOf(by)
  const title = `${about} by ${head.toLowerCase()}`
  const options = { ...DIMENSIONS, ...useTags() }
  const tools = <Tabs label="Break down by" name="by" options={options} also={{ q: '', col: '' }} />
  const found = answer.data?.data ?? []
  const [state] = filterOf(by, '')
  const all =
    others[state] !== place[state]
      ? found.reduce((sum, { count }) => sum + count, 0)
      : totalOf(answer.data, total)
  // The largest table of the page is drawn for its own answers alone, not for those of rules and tags.
  const groups = useDrawn(
    () => (
      <Groups
        {...{ label: title, metric, by, head }}
        total={all}
        rows={found}
        changes={changes}
        to={name => ({ [state]: [others[state], filterOf(by, name)[1]].filter(Boolean).join('\n') })}
      />
    ),
    [answer.data, changes, all, title, place],
  )
  // What has no causes of its own is explained by its groups.
  const name = metric === 'fcp' || metric === 'ttfb' || metric === 'api' ? 'cause' : ''
  return (
    <Section title={title} answer={answer} path={path} tools={tools} name={name}>
      {groups}
      <Sampled of={answer.data} />
      {by === 'route' && <NamesChanged from={answer.data?.from} since={since} />}
    </Section>
  )
}
