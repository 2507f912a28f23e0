/**
 * Tags: what a page says of a page view in its own words, `plan` being `pro`. A site declares the names; what is not declared
 * is not kept.
 */

/** Tags of one page view, and names that a site may declare. */
export const MAX_TAGS = 5
/** Names that are sent: `Plan` of an attribute and `plan` of a call are one. */
export const MAX_TAGS_SENT = 2 * MAX_TAGS
/** The longest value that is kept, in characters. */
export const MAX_TAG = 64
/** The longest that is sent, so that what is cut may still be told for what it is. */
export const MAX_TAG_SENT = 99

/** A name that may be declared: what Prometheus takes for a label, too. */
export const TAG_NAME = /^[a-z][a-z0-9_]{0,31}$/
export const TAG_NAME_DETAIL = 'must be 1 to 32 of a-z, 0-9 and _, and begin with a letter'

/** What groups and filters call a tag: `tag:plan`. */
export type TagKey = `tag:${string}`

export function isTagKey(key: string): key is TagKey {
  return key.startsWith('tag:') && TAG_NAME.test(key.slice(4))
}

/** The name of `tag:plan`: `plan`. */
export function tagOf(key: TagKey): string {
  return key.slice(4)
}

/** What a page calls it as it is declared: `data-tag-plan-tier` is `PlanTier` in a script, and `plan_tier` here. */
export function tagName(given: string): string {
  return given
    .replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    .replace(/[-_. ]+/g, '_')
    .replace(/^_/, '')
}

/** An e-mail address, or a query string. */
const ADDRESS = /[^\s@](@|%40)[^\s@]|[?&#;][^\s=?&]*=/i
/** A JSON Web Token, or a UUID. */
const SHAPED = /\bey[\w-]{8,}\.|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/i
/** Sixteen letters and digits in a row that are no word: numbers and hashes, and letters with digits among them. */
const RANDOM = /(?=[a-z]*\d)[a-z\d]{16,}/i

/** True for a value that looks like an e-mail address, a token, or a query string: it may name a person, or open a door. */
export function looksSecret(value: string): boolean {
  return ADDRESS.test(value) || SHAPED.test(value) || RANDOM.test(value)
}
