/**
 * The contract of a read token: its form, what may be set of it, and how it is answered.
 */

import * as v from 'valibot'
import { GIVEN_TIME, ID, plainText, TIME, unknownOrMissing } from './fields.ts'

/** The parts of `fl_<site>_<id>_<secret>`: site and id find it by its key, the secret proves it. */
interface TokenParts {
  site: string
  /** 12 hex digits. */
  id: string
  /** 40 hex digits: 160 random bits. */
  secret: string
}

/** The parts of a read token; null where `token` has not the form of one. */
export function parseToken(token: string): TokenParts | null {
  const [, site, id, secret] =
    /^fl_([a-z0-9][a-z0-9-]{0,62})_([0-9a-f]{12})_([0-9a-f]{40})$/.exec(token) ?? []
  return site && id && secret ? { site, id, secret } : null
}

export function formatToken({ site, id, secret }: TokenParts): string {
  return `fl_${site}_${id}_${secret}`
}

/** The body of `POST /v1/sites/:site/tokens`. Without `expires` a token holds until it is revoked. */
export const NEW_TOKEN = v.strictObject(
  {
    name: v.pipe(v.string('must be a string'), v.trim(), plainText(100)),
    expires: v.optional(GIVEN_TIME),
  },
  unknownOrMissing,
)

/** A token as it is listed. */
export const TOKEN_ANSWER = v.object({
  id: ID,
  name: v.string(),
  created: TIME,
  expires: v.pipe(v.nullable(TIME), v.description('null where it holds until it is revoked')),
})
export type TokenAnswer = v.InferOutput<typeof TOKEN_ANSWER>

/** A token as it is answered once, when it is made. */
export const NEW_TOKEN_ANSWER = v.object({
  ...TOKEN_ANSWER.entries,
  token: v.pipe(v.string(), v.description('fl_<site>_<id>_<secret>: shown here and never again')),
})
export type NewTokenAnswer = v.InferOutput<typeof NEW_TOKEN_ANSWER>

export const TOKENS_ANSWER = v.object({ data: v.array(TOKEN_ANSWER) })
export type TokensAnswer = v.InferOutput<typeof TOKENS_ANSWER>
