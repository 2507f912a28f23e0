/**
 * The naming rules of a site, ready to name: made once from their JSON, and with the names that an isolate has seen.
 */

import { type Kind, type Named, type Namer, type Naming, namer } from '../../schema/domain/naming.ts'
import { remember } from '../memory.ts'

/** Sites whose rules an isolate remembers, and names of each. */
const MAX_SITES = 50
const MAX_NAMES = 2_000

const known = new Map<string, { text: string; name: Namer }>()

/** What names by a site's rules; null where it never had any, so that every name is kept as it comes. */
export function namerOf(site: { id: string; naming: string | null }): Namer | null {
  const { id, naming: text } = site
  if (text === null) return null
  const before = known.get(id)
  if (before?.text === text) return before.name
  const name = remembering(namer(JSON.parse(text) as Naming))
  remember(known, id, { text, name }, MAX_SITES)
  return name
}

/** Few names are most of the traffic. */
function remembering(name: Namer): Namer {
  const names: Record<Kind, Map<string, Named>> = { route: new Map(), endpoint: new Map() }
  return (kind, given) => {
    const before = names[kind].get(given)
    if (before) return before
    const found = name(kind, given)
    remember(names[kind], given, found, MAX_NAMES)
    return found
  }
}
