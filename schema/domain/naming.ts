/**
 * Naming rules: from the name of a route or an endpoint to the team's own name for it, or to nothing where it is ignored.
 *
 * Rules are ordered, and the first that matches decides. Before any is compared, the names that frameworks give are written
 * alike, where that is set: `/p/:slug`, `/p/{slug}` and `/p/[slug]` are all `/p/[slug]`. Of an endpoint the path is compared, and the method
 * and the host where a rule names them. Both stay, and so does the operation of GraphQL: `POST api.shop.example/graphql GetCart`.
 */

import { holds, nameOf, type Part, type Path, parsePattern, type Values, valuesOf } from './path-pattern.ts'

export const KINDS = ['route', 'endpoint'] as const
export type Kind = (typeof KINDS)[number]

/** One rule. What is undefined is not asked for. */
interface Rule {
  kind: Kind
  /** `/products/:slug` */
  pattern: string
  /** The new name, or path of the endpoint; `:slug` in it stands for what the pattern found. Default: `/products/[slug]`. */
  name?: string | undefined
  /** Drops the page view, or the call. */
  ignore?: boolean | undefined
  method?: string | undefined
  /** `api.shop.example`, `*.shop.example`; an endpoint of the page's own origin has none. */
  host?: string | undefined
}

export interface Naming {
  trailing_slash: 'strip' | 'keep'
  case: 'keep' | 'lower'
  /** `:slug` and `{slug}` become `[slug]`. */
  parameters: 'fold' | 'keep'
  rules: readonly Rule[]
}

/** What becomes of a name, and by which rule; null: ignored, or by none. */
export interface Named {
  name: string | null
  rule: number | null
}

export type Namer = (kind: Kind, name: string) => Named

/** One way to read a rule's pattern. */
interface Way {
  rule: number
  asked: Rule
  path: Path
}

/** The patterns by their segments: 200 rules that begin alike cost a name no more than one. */
interface Node {
  texts: Map<string, Node>
  parts: [Part, Node][]
  /** What ends here, and what takes all that follows, both in the order of the rules. */
  ends: Way[]
  rests: Way[]
}

/** Behind a path of GraphQL. */
const OPERATION = /(?<=g(?:raph)?ql(?:\.\w+)?\/?) \w+(?: \+\d+)?$/i
/** The forms in which frameworks write a part of a path. */
const FRAMEWORK_PART = /(?<=\/):([A-Za-z_]\w*)(?=\/|$)|\{([A-Za-z_]\w*)\}/g
/** Parts of a rule's name that stand for what its pattern found. */
export const NAMED_PARTS = /:([A-Za-z_]\w*)/g

/** Makes what names by these rules. A pattern that cannot be read matches nothing: the API takes none. */
export function namer(naming: Naming): Namer {
  const roots = { route: rootOf(naming, 'route'), endpoint: rootOf(naming, 'endpoint') }
  return (kind, name) => {
    const { method, host, path, operation } = kind === 'route' ? { ...NOTHING, path: name } : partsOf(name)
    const text = normalized(path, naming)
    const found = text.startsWith('/') ? wayOf(roots[kind], text.slice(1).split('/'), method, host) : null
    if (!found) return { name: method + host + text + operation, rule: null }
    const { rule, asked, values, path: read } = found
    if (asked.ignore) return { name: null, rule }
    return {
      name: method + host + (asked.name ? filled(asked.name, values) : nameOf(read)) + operation,
      rule,
    }
  }
}

const NOTHING = { method: '', host: '', operation: '' }

/** `GET api.shop.example/graphql GetCart` has a method, a host, a path and an operation; only the path is sure to be there. */
function partsOf(endpoint: string) {
  const slash = endpoint.indexOf('/')
  if (slash < 0) return { ...NOTHING, path: endpoint }
  const host = endpoint.lastIndexOf(' ', slash) + 1
  const path = endpoint.slice(slash)
  const operation = path.includes('ql') ? (OPERATION.exec(path)?.[0] ?? '') : ''
  return {
    method: endpoint.slice(0, host),
    host: endpoint.slice(host, slash),
    path: path.slice(0, path.length - operation.length),
    operation,
  }
}

/** A name as rules see it. */
function normalized(name: string, settings: Naming): string {
  const folded =
    settings.parameters === 'fold' && /[:{]/.test(name)
      ? name.replace(FRAMEWORK_PART, (_, colon?: string, braced?: string) => `[${colon ?? braced}]`)
      : name
  const cased = settings.case === 'lower' ? folded.toLowerCase() : folded
  return settings.trailing_slash === 'strip' && cased.endsWith('/') ? cased.replace(/\/+$/, '') || '/' : cased
}

/** The way of the first rule that matches, with what its parts hold. */
function wayOf(root: Node, segments: readonly string[], method: string, host: string) {
  let best: Way | undefined
  const consider = (ways: readonly Way[], left: readonly string[] | null) => {
    for (const way of ways) {
      if (best && way.rule >= best.rule) return
      if (takes(way, left) && isAskedFor(way, method, host)) best = way
    }
  }
  const walk = (node: Node, depth: number): void => {
    if (node.rests.length) consider(node.rests, segments.slice(depth))
    const segment = segments[depth]
    if (segment === undefined) {
      consider(node.ends, null)
      return
    }
    const same = node.texts.get(segment)
    if (same) walk(same, depth + 1)
    for (const [part, next] of node.parts) if (holds(part, segment)) walk(next, depth + 1)
  }
  walk(root, 0)
  return best && { ...best, values: valuesOf(best.path, segments) }
}

/** True where a way takes what is left of a path; null: nothing is. */
function takes({ path: { rest } }: Way, left: readonly string[] | null): boolean {
  if (!left || !rest) return true
  return left.length >= rest.least && !(rest.repeats && left.includes(''))
}

function isAskedFor({ asked }: Way, method: string, host: string): boolean {
  return (!asked.method || `${asked.method} ` === method) && (!asked.host || isHost(asked.host, host))
}

function rootOf(naming: Naming, kind: Kind): Node {
  const root = node()
  naming.rules.forEach((asked, rule) => {
    if (asked.kind !== kind) return
    const parsed = parsePattern(written(asked.pattern, naming))
    for (const path of 'ok' in parsed ? parsed.ok : []) {
      const at = path.segments.reduce(next, root)
      at[path.rest ? 'rests' : 'ends'].push({ rule, asked, path })
    }
  })
  return root
}

function node(): Node {
  return { texts: new Map(), parts: [], ends: [], rests: [] }
}

/** The node behind a segment, made where there is none. */
function next({ texts, parts }: Node, segment: string | Part): Node {
  if (typeof segment === 'string') {
    const there = texts.get(segment) ?? node()
    texts.set(segment, there)
    return there
  }
  const { before, after, source } = segment
  const alike = parts.find(
    ([part]) => part.before === before && part.after === after && part.source === source,
  )
  if (alike) return alike[1]
  const made = node()
  parts.push([segment, made])
  return made
}

/** A pattern as it is compared: fixed text in small letters where all names are; names of parts, and what they hold, stay. */
function written(pattern: string, settings: Naming): string {
  const text = settings.trailing_slash === 'strip' ? pattern.replace(/(?<=.)\/$/, '') : pattern
  if (settings.case === 'keep') return text
  return text.replace(/:\w+|\([^()]*\)|\\.|[^:(\\]+/g, piece =>
    /^[:(\\]/.test(piece) ? piece : piece.toLowerCase(),
  )
}

/** A name whose parts are what was found: `/:lang/p/[slug]` becomes `/de/p/[slug]`. */
function filled(name: string, values: Values): string {
  return name.replace(NAMED_PARTS, (_, part: string) => values[part] ?? '')
}

function isHost(asked: string, host: string): boolean {
  return asked.startsWith('*.') ? host.endsWith(asked.slice(1)) : asked === host
}
