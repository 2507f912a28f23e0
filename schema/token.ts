/**
 * The contract of a read token: its form, what may be set of it, and how it is answered.
 */

import * as v from 'valibot'

/** The parts of `fl_<site>_<id>_<secret>`: site and id find it by its key, the secret proves it. */
export interface TokenParts {
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
    name: v.pipe(
      v.string('must be a string'),
      v.trim(),
      v.minLength(1, 'must not be empty'),
      v.maxLength(100, 'must be at most 100 characters'),
    ),
    expires: v.optional(
      v.pipe(
        v.string('must be a string'),
        v.isoTimestamp('must be RFC 3339: 2027-01-01T00:00:00Z'),
        v.check(time => !Number.isNaN(Date.parse(time)), 'is no date that there is'),
      ),
    ),
  },
  issue => (issue.expected === 'never' ? 'is not known' : 'is missing'),
)

/** A token as it is listed. Times are RFC 3339; `expires` is null where it does not expire. */
export interface TokenAnswer {
  id: string
  name: string
  created: string
  expires: string | null
}

/** A token as it is answered once, when it is made. */
export interface NewTokenAnswer extends TokenAnswer {
  token: string
}

export interface TokensAnswer {
  data: TokenAnswer[]
}
