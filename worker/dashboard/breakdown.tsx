/** What a metric breaks down into: one dimension, the groups that harm most first. A row filters by itself. */

import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import { short } from './format.ts'
import { Groups } from './groups.tsx'
import { usePlace } from './link.tsx'
import { NamesChanged } from './names.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { DIMENSIONS } from './url-state.ts'
import { useAnswer } from './use-api.ts'

interface BreakdownProps {
  metric: Metric
  total: number | null
  /** Narrows the question further, to one endpoint. */
  extra?: Record<string, string>
}

export function Breakdown({ metric, total, extra = {} }: BreakdownProps) {
  const [place] = usePlace()
  const { by, p, rows } = place
  const grouped = { metrics: metric, percentiles: p, group_by: by, sort: 'impact', limit: rows }
  const path = pathOf('summary', { ...baseOf(place), ...extra, ...grouped })
  const answer = useAnswer<SummaryAnswer>(path)
  const head = DIMENSIONS[by]
  const title = `${short(metric)} by ${head.toLowerCase()}`
  const tools = <Tabs label="Break down by" name="by" options={DIMENSIONS} />
  return (
    <Section title={title} answer={answer} path={path} tools={tools}>
      <Groups
        {...{ label: title, metric, by, head, total }}
        rows={answer.data?.data ?? []}
        to={name => ({ [by]: name })}
      />
      {by === 'route' && <NamesChanged from={answer.data?.from} />}
    </Section>
  )
}
