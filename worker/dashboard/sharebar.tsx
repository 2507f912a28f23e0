/** A bar of three parts: good, needs improvement, poor. The same in words beneath it, or for those who do not see it. */

import type { SummaryRow } from '../../schema/api/summary.ts'
import { percent } from './format.ts'

type Shares = NonNullable<SummaryRow['shares']>

export function ShareBar({ shares, inWords = false }: { shares: Shares; inWords?: boolean }) {
  const parts = [
    ['good', 'good', shares.good],
    ['needs-improvement', 'needs improvement', shares.needs_improvement],
    ['poor', 'poor', shares.poor],
  ] as const
  return (
    <>
      <div class="bar" aria-hidden="true">
        {parts.map(([rating, , share]) => (
          <span key={rating} class={rating} style={{ flexGrow: share }} />
        ))}
      </div>
      <p class={inWords ? 'shares' : 'hidden'}>
        {parts.map(([rating, name, share]) => (
          <span key={rating} class={rating}>
            {percent(share)} {name}
          </span>
        ))}
      </p>
    </>
  )
}
