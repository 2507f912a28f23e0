/**
 * The tags of a site: `PUT /v1/sites/shop/tags` declares their names, `GET` shows them. What is not declared is not kept.
 */

import * as v from 'valibot'
import { MAX_TAGS, TAG_NAME, TAG_NAME_DETAIL } from '../domain/tag.ts'
import { TIME, unknownOrMissing } from './fields.ts'

const NAME = v.pipe(v.string('must be a string'), v.regex(TAG_NAME, TAG_NAME_DETAIL))

/** The name of an address `/v1/sites/:site/tags/:name`. */
export const DECLARED = v.pipe(NAME, v.description('the name of the tag'))

/** The body of `PUT /v1/sites/:site/tags`: all names; one that is left out is no longer kept. */
export const TAGS = v.strictObject(
  {
    tags: v.pipe(
      v.array(NAME, 'must be a list'),
      v.maxLength(MAX_TAGS, `must have at most ${MAX_TAGS} names`),
      v.check(names => new Set(names).size === names.length, 'must have each name once'),
    ),
  },
  unknownOrMissing,
)

const count = (meaning: string) => v.pipe(v.number(), v.integer(), v.minValue(0), v.description(meaning))

export const TAGS_ANSWER = v.object({
  site: v.string(),
  tags: v.array(
    v.object({
      name: v.string(),
      since: v.pipe(TIME, v.description('when it was declared; questions about it begin then')),
    }),
  ),
  undeclared_24h: count(
    'tags of other names that beacons of the last 24 hours brought; not kept; a lower bound',
  ),
  unfit_24h: count(
    'values that look like an e-mail address, a token or a query string; not kept; a lower bound',
  ),
})
export type TagsAnswer = v.InferOutput<typeof TAGS_ANSWER>
