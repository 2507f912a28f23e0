/**
 * Suggests rules that would make few names of many, from the stored names: one pattern where a segment has many values behind the
 * same beginning. `/products/blue-kettle`, `/products/red-mug/reviews` and others give `/products/:product` and
 * `/products/:product/reviews`.
 */

import type { RulesSuggestions } from '../../schema/api/rules.ts'
import { KINDS, type Kind } from '../../schema/domain/naming.ts'
import type { StoredName } from './stored-names.ts'

/** Values of a segment from which on it is taken for a variable. Directly behind the host a site has its pages. */
const MIN_VALUES = 8
const MAX_SUGGESTIONS = 20
const EXAMPLES = 5

type Suggestion = RulesSuggestions['data'][number]

interface Found {
  segments: readonly string[]
  stored: StoredName
}

export function suggest(names: readonly StoredName[]): Suggestion[] {
  return KINDS.flatMap(kind => suggestionsOf(kind, names))
    .toSorted((a, b) => b.names - a.names)
    .slice(0, MAX_SUGGESTIONS)
}

function suggestionsOf(kind: Kind, names: readonly StoredName[]): Suggestion[] {
  const found = names.flatMap(stored => {
    const path = stored.kind === kind ? stored.name.slice(stored.name.indexOf('/')) : ''
    return path.startsWith('/') ? [{ stored, segments: path.slice(1).split('/') }] : []
  })
  const patterns = new Map<string, Found[]>()
  walk(found, [], [], patterns)
  return [...patterns].flatMap(([key, list]) => {
    if (list.length < 2) return []
    const pattern = key.replace(/[(){}*+?\\]/g, '\\$&')
    return {
      rule: { kind, pattern, name: key.replace(/:(\w+)/g, '[$1]') },
      names: list.length,
      count: list.reduce((sum, { stored }) => sum + stored.count, 0),
      examples: list.slice(0, EXAMPLES).map(({ stored }) => stored.name),
    }
  })
}

/** Sorts names by their next segment; where that has too many values, they go on as one. */
function walk(
  list: readonly Found[],
  path: readonly string[],
  parts: readonly string[],
  patterns: Map<string, Found[]>,
): void {
  const depth = path.length
  if (parts.length) {
    const ending = list.filter(({ segments }) => segments.length === depth)
    if (ending.length) patterns.set(`/${path.join('/')}`, ending)
  }
  const branches = Map.groupBy(
    list.filter(({ segments }) => segments.length > depth),
    ({ segments }) => segments[depth] ?? '',
  )
  const values = [...branches.keys()].filter(value => !value.startsWith('['))
  if (depth > 0 && values.length >= MIN_VALUES) {
    const part = partName(path, parts)
    walk([...branches.values()].flat(), [...path, `:${part}`], [...parts, part], patterns)
    return
  }
  for (const [value, branch] of branches)
    walk(branch, [...path, value.replaceAll(':', '\\:')], parts, patterns)
}

/** What stands behind `products` is a `product`; `id` where that is no name. */
function partName(path: readonly string[], taken: readonly string[]): string {
  const word = (path.at(-1) ?? '').replace(/ies$/, 'y').replace(/s$/, '').replace(/\W+/g, '_')
  const name = /^[a-z]\w{0,30}$/i.test(word) ? word : 'id'
  return taken.includes(name) ? `${name}${taken.length + 1}` : name
}
