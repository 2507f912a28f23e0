/** The trace of a response: a link where the site says where traces are shown. */

import type { PageViewAnswer } from '../../schema/api/pageview.ts'

export function Trace({ of: trace }: { of?: PageViewAnswer['trace'] | undefined }) {
  if (!trace) return null
  const text = `trace ${trace.id.slice(0, 8)}`
  return trace.url ? (
    <a href={trace.url} target="_blank" rel="noreferrer">
      {text}
    </a>
  ) : (
    <span title={trace.id}>{text}</span>
  )
}
