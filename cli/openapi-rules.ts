/**
 * Naming rules from an OpenAPI document: one for each path with a parameter. A fixed path gets
 * one where a path with a parameter would catch it, and comes first, as OpenAPI has it.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html#paths-object
 */

import type { Rules } from '../schema/api/rules.ts'
import { namer } from '../schema/domain/naming.ts'
import { misuse } from './failure.ts'

export function rulesFrom(document: unknown, host: string | undefined): Rules {
  const { paths, servers, basePath } = (document ?? {}) as Record<string, unknown>
  if (paths === null || typeof paths !== 'object')
    throw misuse('The file has no paths: is it an OpenAPI document?')
  const base = prefixOf(servers) ?? (typeof basePath === 'string' ? basePath : '')
  const patterns = Object.keys(paths)
    .filter(path => path.startsWith('/'))
    .map(path => patternOf(base.replace(/\/$/, '') + path))
  const settings = { trailing_slash: 'strip', case: 'keep', parameters: 'fold' } as const
  const rule = (pattern: string) =>
    ({ kind: 'endpoint', pattern, ...(host !== undefined && { host }) }) as const
  const variable = patterns.filter(hasPart).sort(byFixedText).map(rule)
  const name = namer({ ...settings, rules: variable.map(({ kind, pattern }) => ({ kind, pattern })) })
  const caught = patterns.filter(
    pattern => !hasPart(pattern) && name('endpoint', `GET ${pattern}`).rule !== null,
  )
  return { ...settings, rules: [...caught.map(rule), ...variable] }
}

/** The path of the first server: of `https://api.shop.example/v1` that is `/v1`. */
function prefixOf(servers: unknown): string | undefined {
  const [first] = Array.isArray(servers) ? servers : []
  const { url } = (first ?? {}) as { url?: unknown }
  return typeof url === 'string' ? URL.parse(url, 'https://own.example')?.pathname : undefined
}

/** `/orders/{order-id}:cancel` becomes `/orders/:order_id\:cancel`. */
function patternOf(path: string): string {
  return path.replace(/\{([^{}]*)\}|[:(){}*+?\\]/g, (text, part?: string) =>
    part === undefined ? `\\${text}` : `:${part.replace(/\W/g, '_').replace(/^(?=\d|$)/, '_')}`,
  )
}

function hasPart(pattern: string): boolean {
  return /(?<!\\):/.test(pattern)
}

/** `/a/b/:c` before `/a/:b/:c`: what is fixed further comes first. */
function byFixedText(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')]
  const place = a.findIndex((segment, i) => hasPart(segment) !== hasPart(b[i] ?? ''))
  if (place < 0) return 0
  return hasPart(a[place] ?? '') ? 1 : -1
}
