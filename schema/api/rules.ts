/**
 * Naming rules: how a team names its routes and endpoints. `PUT /v1/sites/shop/rules` takes a `RULES`, from then on what
 * arrives is named by it; `POST .../rules/preview` says what it would do to the names that are stored.
 */

import * as v from 'valibot'
import { isReserved } from '../domain/names.ts'
import { KINDS, NAMED_PARTS } from '../domain/naming.ts'
import { badExpression, matchesAnything, parsePattern } from '../domain/path-pattern.ts'
import { oneOf, plainText, TIME, unknownOrMissing } from './fields.ts'

/** Rules of one site. */
export const MAX_RULES = 200

const text = plainText(200)

const PATTERN = v.pipe(
  text,
  v.check(
    pattern => badPattern(pattern) === null,
    ({ input }) => badPattern(input) ?? '',
  ),
  v.description(
    'a path in the syntax of URLPattern: /products/:slug, /:lang(en|de)/item-:id(\\d+), /docs{/:page}?, /static/*',
  ),
)

const RULE = v.pipe(
  v.strictObject(
    {
      kind: oneOf(KINDS),
      pattern: PATTERN,
      name: v.exactOptional(
        v.pipe(
          text,
          v.regex(/^[^?#]*$/, 'must have neither ? nor #'),
          v.check(name => !isReserved(name), 'is a name that answers give themselves'),
          v.description(
            'the name instead; of an endpoint the path. :slug stands for what the pattern found. Default: /products/[slug]',
          ),
        ),
      ),
      ignore: v.exactOptional(
        v.pipe(
          v.boolean('must be true or false'),
          v.description('drops the page view, or the call; an ignored call is counted nowhere'),
        ),
      ),
      method: v.exactOptional(
        v.pipe(
          v.string('must be a string'),
          v.regex(/^[A-Z]{1,10}$/, 'must be a method in capitals: GET'),
          v.description('only calls by this method'),
        ),
      ),
      host: v.exactOptional(
        v.pipe(
          v.string('must be a string'),
          v.regex(
            /^(\*\.)?[a-z0-9.-]{1,200}(:\d{1,5})?$/,
            'must be a host: api.shop.example, *.shop.example',
          ),
          v.description('only calls to this host; without it calls to any, those to the own origin included'),
        ),
      ),
    },
    unknownOrMissing,
  ),
  v.forward(
    v.check(
      ({ pattern, host }) => host !== undefined || !coversAll(pattern),
      'matches everything: give it some fixed text',
    ),
    ['pattern'],
  ),
  v.forward(
    v.check(({ kind, name }) => kind === 'route' || !name || name.startsWith('/'), 'must begin with /'),
    ['name'],
  ),
  v.forward(
    v.check(({ name, pattern }) => !missingPart(name, pattern), 'has a part that the pattern does not have'),
    ['name'],
  ),
  v.forward(
    v.check(({ name, ignore }) => !ignore || name === undefined, 'must be left out where ignore is true'),
    ['name'],
  ),
  v.forward(
    v.check(({ kind, method }) => kind === 'endpoint' || method === undefined, 'is for endpoints'),
    ['method'],
  ),
  v.forward(
    v.check(({ kind, host }) => kind === 'endpoint' || host === undefined, 'is for endpoints'),
    ['host'],
  ),
)

/** The body of `PUT /v1/sites/:site/rules`. */
export const RULES = v.strictObject(
  {
    trailing_slash: v.optional(oneOf(['strip', 'keep']), 'strip'),
    case: v.optional(oneOf(['keep', 'lower']), 'keep'),
    parameters: v.pipe(
      v.optional(oneOf(['fold', 'keep']), 'fold'),
      v.description('fold: /p/:slug and /p/{slug} become /p/[slug]'),
    ),
    rules: v.pipe(
      v.array(RULE, 'must be a list'),
      v.maxLength(MAX_RULES, `must have at most ${MAX_RULES} rules`),
      v.description('in order: the first that matches decides'),
    ),
  },
  unknownOrMissing,
)
export type Rules = v.InferOutput<typeof RULES>

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

export const RULES_ANSWER = v.object({
  site: v.string(),
  since: v.pipe(
    v.nullable(TIME),
    v.description('when they were set; null: never, and names are kept as they come'),
  ),
  changes: v.pipe(v.array(TIME), v.description('when they were changed, the newest first, at most 100')),
  ...RULES.entries,
})
export type RulesAnswer = v.InferOutput<typeof RULES_ANSWER>

const RENAMED = v.object({
  kind: v.picklist(KINDS),
  name: v.pipe(v.string(), v.description('as it is stored')),
  becomes: v.pipe(v.nullable(v.string()), v.description('null: ignored')),
  count: v.pipe(count, v.description('page views or calls')),
})
export type Renamed = v.InferOutput<typeof RENAMED>

const SAMPLE = v.object({
  names: v.pipe(count, v.description('how many names')),
  count,
  examples: v.pipe(v.array(RENAMED), v.description('the busiest')),
})

/** What rules would do to the names of the last day. */
export const RULES_PREVIEW = v.object({
  site: v.string(),
  from: TIME,
  to: TIME,
  routes: v.object({ before: count, after: count }),
  endpoints: v.object({ before: count, after: count }),
  rules: v.pipe(v.array(SAMPLE), v.description('what each rule would catch, in their order')),
  settings: v.pipe(
    SAMPLE,
    v.description('what trailing_slash, case and parameters change where no rule matches'),
  ),
  stays: v.pipe(SAMPLE, v.description('what stays as it is')),
  rows_read: count,
})
export type RulesPreview = v.InferOutput<typeof RULES_PREVIEW>

export const RULES_SUGGESTIONS = v.object({
  site: v.string(),
  from: TIME,
  to: TIME,
  data: v.array(
    v.object({
      rule: v.object({ kind: v.picklist(KINDS), pattern: v.string(), name: v.string() }),
      names: v.pipe(count, v.description('names that it would make one')),
      count: v.pipe(count, v.description('page views or calls of these')),
      examples: v.array(v.string()),
    }),
  ),
  rows_read: count,
})
export type RulesSuggestions = v.InferOutput<typeof RULES_SUGGESTIONS>

/** What is wrong with a pattern; null where nothing is. */
function badPattern(pattern: string): string | null {
  const parsed = parsePattern(pattern)
  if ('error' in parsed) return parsed.error.detail
  const bad = badExpression(parsed.ok)
  return bad === undefined ? null : `has (${bad}), which is no regular expression`
}

function coversAll(pattern: string): boolean {
  const parsed = parsePattern(pattern)
  return 'ok' in parsed && parsed.ok.some(matchesAnything)
}

/** True where a name stands for a part that no way to read the pattern has. */
function missingPart(name: string | undefined, pattern: string): boolean {
  const parsed = parsePattern(pattern)
  if (!name || 'error' in parsed) return false
  const parts = parsed.ok.flatMap(({ segments, rest }) => [
    ...segments.flatMap(part => (typeof part === 'string' ? [] : part.name)),
    rest?.name,
  ])
  return [...name.matchAll(NAMED_PARTS)].some(([, part]) => !parts.includes(part))
}
