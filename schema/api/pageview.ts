/**
 * `GET /v1/pageview?site=shop&id=8c1f0a6d22b94e07`: one page view, as `/v1/pageviews` lists it. A link to it holds until its
 * row is deleted.
 */

import * as v from 'valibot'
import { SITE } from './fields.ts'

export const PAGEVIEW_QUERY = {
  site: SITE,
  id: v.pipe(
    v.string('is missing'),
    v.regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits'),
    v.description('the id of the page view'),
  ),
}
