/**
 * The operations on the tags of a site.
 */

import { SITE } from '../api/fields.ts'
import { DECLARED, TAGS, TAGS_ANSWER } from '../api/tags.ts'
import { body, json, nothing, type Operation } from './operation.ts'

const PROBLEMS = [401, 403, 404, 500, 503]

const ANSWER = {
  site: 'shop',
  tags: [
    { name: 'plan', since: '2026-11-20T14:02:11.000Z' },
    { name: 'variant', since: '2026-11-21T09:30:00.000Z' },
  ],
  undeclared_24h: 12,
  unfit_24h: 0,
}

const ofTags = {
  tag: 'Sites',
  path: '/v1/sites/{site}/tags',
  inPath: { site: SITE },
} as const

const ofTag = {
  ...ofTags,
  access: 'admin',
  path: '/v1/sites/{site}/tags/{name}',
  inPath: { site: SITE, name: DECLARED },
} as const

export const TAG_OPERATIONS: readonly Operation[] = [
  {
    ...ofTags,
    method: 'get',
    access: 'reader',
    id: 'getTags',
    summary: 'The declared tags of a site, and what was left out',
    answers: { 200: json('The tags.', TAGS_ANSWER, ANSWER) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofTags,
    method: 'put',
    access: 'admin',
    id: 'putTags',
    summary: 'Declares all tags of a site',
    description:
      'From then on, everywhere within 20 seconds, page views keep the values of these tags, and no others. A name that is left ' +
      'out is no longer kept or answered; one that a budget names, itself or by its segment, is a 409. Each declared tag is one more dimension of ' +
      'the roll-ups: at most 21 rows an hour.',
    body: body(TAGS, { tags: ['plan', 'variant'] }),
    answers: { 200: json('The tags as they are now.', TAGS_ANSWER, ANSWER) },
    problems: [400, 409, ...PROBLEMS],
  },
  {
    ...ofTag,
    method: 'put',
    id: 'putTag',
    summary: 'Declares one more tag',
    description:
      'The other tags stay, also where two requests come at once. A tag that is declared already keeps its `since`. A sixth is a 409.',
    answers: { 200: json('The tags as they are now.', TAGS_ANSWER, ANSWER) },
    problems: [400, 409, ...PROBLEMS],
  },
  {
    ...ofTag,
    method: 'delete',
    id: 'deleteTag',
    summary: 'Takes one tag back',
    description:
      'It is kept and answered no longer. The other tags stay. A tag that a budget names, itself or by its segment, is a 409.',
    answers: { 204: nothing('It is declared no more.') },
    problems: [400, 409, ...PROBLEMS],
  },
]
