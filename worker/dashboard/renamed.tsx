/** That routes or endpoints were renamed within what is shown. */

import type { RulesAnswer } from '../../schema/api/rules.ts'
import { moment } from './format.ts'
import { usePlace } from './link.tsx'
import { useAnswer } from './use-api.ts'

/** When the naming rules changed last: asked for with the first questions. */
export function useRulesSince(): string | null {
  const [{ site }] = usePlace()
  return useAnswer<RulesAnswer>(`/v1/sites/${site}/rules`, true).data?.since ?? null
}

/** Says that names changed within what is shown; null where they did not. */
export function NamesChanged({ from, since }: { from: string | undefined; since: string | null }) {
  if (!from || !since || since < from) return null
  return <p class="soft">Naming rules changed {moment(since)}. Older names are as they were.</p>
}
