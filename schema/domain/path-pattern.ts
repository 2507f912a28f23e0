/**
 * Patterns of paths, such as `/products/:slug`. The syntax is URLPattern's, without what would have to be tried in many ways: a
 * stranger chooses the names, and no name may keep the worker busy.
 *
 * A segment is fixed text (`products`), a part with a name (`:slug`, `item-:id.html`), or a part and what it may hold
 * (`:id(\\d+)`, `:lang(en|de)`). What stands in `{...}?`, and a `/:part?`, may be missing. The last segment may be `*`,
 * `:path+` or `:path*`, for all that follows.
 *
 * @see https://urlpattern.spec.whatwg.org/#pattern-strings
 */

import type { Parsed } from './problem.ts'

/** A part of a segment: what stands before and after it, and what it may hold, as a regular expression; null: anything. */
export interface Part {
  name: string
  before: string
  after: string
  source: string | null
  /** Made once a name is compared with it: making 200 takes longer than comparing. */
  expression?: RegExp
}

/** One way to read a pattern. `rest` is what its last segment takes beyond the others: `*`, or segments with a name. */
export interface Path {
  segments: (string | Part)[]
  rest: { name: string | null; least: 0 | 1; repeats: boolean } | null
}

/** What the parts of a pattern hold, by name. */
export type Values = Record<string, string>

/** Optional pieces of one pattern: each doubles what is compared. */
const MAX_OPTIONAL = 3
/** Where characters wait until the pattern is taken apart: escaped ones (`\:` is no part), and those of regular expressions. */
const ESCAPED = 0xe000
const INNER = 0xe100

const OPTIONAL = /\{([^{}]*)\}\?|(\/:\w+(?:\([^()]*\))?)\?/
const SEGMENT = /^([^:*(){}+?]*)(?::([A-Za-z_]\w*)(?:\(([^()]*)\))?)?([^:*(){}+?]*)$/
const REST = /^(?:\*|:([A-Za-z_]\w*)([+*]))$/

/** The ways to read a pattern, those with more segments first, or what is wrong with it. */
export function parsePattern(pattern: string): Parsed<Path[]> {
  const paths: Path[] = []
  const texts = waysOf(hidden(pattern))
  if (!pattern.startsWith('/')) return wrong('must begin with /')
  if (texts.length > 2 ** MAX_OPTIONAL) return wrong(`must have at most ${MAX_OPTIONAL} optional pieces`)
  for (const text of texts) {
    const path = pathOf(text)
    if ('error' in path) return path
    paths.push(path.ok)
  }
  return { ok: paths }
}

/** A text of which every piece must be there. */
function pathOf(text: string): Parsed<Path> {
  const segments: (string | Part)[] = []
  const all = text.slice(1).split('/')
  const rest = restOf(all.at(-1) ?? '')
  for (const segment of rest ? all.slice(0, -1) : all) {
    const read = partOf(segment)
    if ('error' in read) return read
    segments.push(read.ok)
  }
  const named = segments.flatMap(part => (typeof part === 'string' ? [] : [part.name]))
  const names = rest?.name ? [...named, rest.name] : named
  return new Set(names).size < names.length
    ? wrong('must not name two parts alike')
    : { ok: { segments, rest } }
}

/** True where no text of the pattern is fixed, so that it matches about every name. */
export function matchesAnything({ segments }: Path): boolean {
  return segments.every(
    segment => typeof segment !== 'string' && !segment.before && !segment.after && segment.source === null,
  )
}

/** What the parts of a pattern hold in a name that it matches. */
export function valuesOf({ segments, rest }: Path, name: readonly string[]): Values {
  const parts = segments.flatMap((part, i) =>
    typeof part === 'string' ? [] : [[part.name, heldBy(part, name[i] ?? '')]],
  )
  const tail = rest?.name ? [[rest.name, name.slice(segments.length).join('/')]] : []
  return Object.fromEntries([...parts, ...tail])
}

/** The name that a pattern gives by itself: `/products/:slug` gives `/products/[slug]`. */
export function nameOf({ segments, rest }: Path): string {
  const texts = segments.map(part =>
    typeof part === 'string' ? part : `${part.before}[${part.name}]${part.after}`,
  )
  return `/${[...texts, ...(rest ? [rest.name ? `[${rest.name}]` : '*'] : [])].join('/')}`
}

/** The texts that a pattern stands for, with and without each optional piece. */
function waysOf(text: string): string[] {
  if (!/[{?]/.test(text)) return [text]
  const found = OPTIONAL.exec(text)
  if (!found) return [text.replace(/\{([^{}]*)\}(?![?+*])/g, '$1')]
  const [whole, braced, part] = found
  const put = (piece: string) => text.slice(0, found.index) + piece + text.slice(found.index + whole.length)
  return [...waysOf(put(braced ?? part ?? '')), ...waysOf(put(''))]
}

function restOf(segment: string): Path['rest'] {
  const found = REST.exec(segment)
  if (!found) return null
  const [, name = null, repeat] = found
  return { name, least: repeat === '*' ? 0 : 1, repeats: repeat !== undefined }
}

function partOf(segment: string): Parsed<string | Part> {
  // As nearly all are.
  if (/^[\w.~[\]-]*$/.test(segment)) return { ok: segment }
  const found = SEGMENT.exec(segment)
  if (!found)
    return wrong(
      `has ${quoted(segment)}, which is neither text nor one part: :slug, item-:id, :id(\\d+), or * at the end`,
    )
  const [, before = '', name, source, after = ''] = found
  if (name === undefined)
    return source === undefined
      ? { ok: restored(segment) }
      : wrong(`must name the part ${quoted(segment)}: :id(...)`)
  const read = source === undefined ? null : restored(source, '\\')
  if (read !== null && !isQuick(read)) {
    return wrong(`has (${read}): one repetition in each alternative, and no groups, can be compared`)
  }
  return { ok: { name, before: restored(before), after: restored(after), source: read } }
}

/** False where comparing a name could take long. */
function isQuick(source: string): boolean {
  const plain = source.replace(/\\./g, 'a').replace(/\[[^\]]*\]/g, 'a')
  const repeats = plain.split('|').map(way => (way.match(/[+*?]|\{/g) ?? []).length)
  return repeats.every(count => count < 2) && !/\\[\dk]/.test(source)
}

/** The first part that holds what is no regular expression; undefined where there is none. */
export function badExpression(paths: readonly Path[]): string | undefined {
  const parts = paths.flatMap(({ segments }) => segments.filter(segment => typeof segment !== 'string'))
  return parts.find(({ source }) => source !== null && expressionOf(source) === NEVER)?.source ?? undefined
}

/** Matches nothing. */
const NEVER = /(?!)/

function expressionOf(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 'v')
  } catch {
    return NEVER
  }
}

/** True where a segment is such a part. */
export function holds(part: Part, text: string): boolean {
  const { before, after, source } = part
  if (text.length < before.length + after.length || !text.startsWith(before) || !text.endsWith(after))
    return false
  const held = heldBy(part, text)
  if (source === null) return held !== ''
  part.expression ??= expressionOf(source)
  return part.expression.test(held)
}

function heldBy({ before, after }: Part, text: string): string {
  return text.slice(before.length, text.length - after.length)
}

/** A pattern without characters that mean nothing where they stand. */
function hidden(pattern: string): string {
  if (!/[\\(]/.test(pattern)) return pattern
  const away = (char: string, to: number) => String.fromCharCode(to + char.charCodeAt(0))
  return pattern
    .replace(/\\([ -~])/g, (_, char: string) => away(char, ESCAPED))
    .replace(/\([^()]*\)/g, inner => inner.replace(/[{}?+*:/]/g, char => away(char, INNER)))
}

/** Text with what was hidden in it, `mark` before what was escaped. */
function restored(text: string, mark = ''): string {
  return text.replace(/[\ue000-\ue17f]/g, char => {
    const code = char.charCodeAt(0)
    return code < INNER ? mark + String.fromCharCode(code - ESCAPED) : String.fromCharCode(code - INNER)
  })
}

function quoted(text: string): string {
  return JSON.stringify(restored(text, '\\').slice(0, 60))
}

function wrong(detail: string): { error: { field: string; detail: string } } {
  return { error: { field: 'pattern', detail } }
}
