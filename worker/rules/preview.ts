/**
 * What naming rules would do to the names that are stored: what each rule would catch, and what stays. Stored names have been
 * through the rules of their day: a name that became `/products/[slug]` is that, and nothing else.
 */

import type { Renamed, RulesPreview } from '../../schema/api/rules.ts'
import { type Kind, type Naming, namer } from '../../schema/domain/naming.ts'
import type { StoredName } from './stored-names.ts'

/** Names that are shown of each rule, and of those that stay. */
const EXAMPLES = 10
const STAYING = 50

type Preview = Pick<RulesPreview, 'routes' | 'endpoints' | 'rules' | 'settings' | 'stays'>

export function preview(naming: Naming, names: readonly StoredName[]): Preview {
  const name = namer(naming)
  const all = names.map(stored => {
    const { rule, name: becomes } = name(stored.kind, stored.name)
    return { ...stored, becomes, rule }
  })
  const sizes = (kind: Kind) => {
    const own = all.filter(one => one.kind === kind)
    return { before: own.length, after: new Set(own.flatMap(({ becomes }) => becomes ?? [])).size }
  }
  const unruled = all.filter(({ rule }) => rule === null)
  return {
    routes: sizes('route'),
    endpoints: sizes('endpoint'),
    rules: naming.rules.map((_, i) => sampleOf(all.filter(({ rule }) => rule === i))),
    settings: sampleOf(unruled.filter(({ name, becomes }) => name !== becomes)),
    stays: sampleOf(
      unruled.filter(({ name, becomes }) => name === becomes),
      STAYING,
    ),
  }
}

function sampleOf(list: readonly Renamed[], most = EXAMPLES): RulesPreview['stays'] {
  const busiest = list.toSorted((a, b) => b.count - a.count).slice(0, most)
  return {
    names: list.length,
    count: list.reduce((sum, { count }) => sum + count, 0),
    examples: busiest.map(({ kind, name, becomes, count }) => ({ kind, name, becomes, count })),
  }
}
