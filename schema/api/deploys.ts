/**
 * Deploys: when a release went live, told by whoever deploys. `POST /v1/sites/shop/deploys` takes a `DEPLOY`,
 * `GET /v1/deploys?site=shop` answers those of a range. Charts, trends and breaches name them.
 */

import * as v from 'valibot'
import { MAX_RELEASE } from '../wire/values.ts'
import { ANSWER } from './answer.ts'
import { GIVEN_TIME, ID, plainText, TIME, unknownOrMissing } from './fields.ts'

/** Deploys that a site keeps, the newest. */
export const MAX_DEPLOYS = 1_000
/** The most that an answer lists, the newest. */
export const MAX_LISTED = 200

/** A deploy, as whoever deploys reports it. */
export const DEPLOY = v.strictObject(
  {
    release: v.pipe(plainText(MAX_RELEASE), v.description('as the script says it: `data-release`')),
    note: v.pipe(v.optional(v.nullable(plainText(300)), null), v.description('what a chart says of it')),
    at: v.pipe(v.optional(GIVEN_TIME), v.description('when it went live; by default now')),
  },
  unknownOrMissing,
)

export const DEPLOY_ID = v.pipe(ID, v.description('the id of the deploy'))

export const DEPLOY_ANSWER = v.object({
  id: ID,
  at: TIME,
  release: v.string(),
  note: v.nullable(v.string()),
})
export type DeployAnswer = v.InferOutput<typeof DEPLOY_ANSWER>

const { site, from, to } = ANSWER
export const DEPLOYS_ANSWER = v.object({
  site,
  from,
  to,
  data: v.pipe(
    v.array(DEPLOY_ANSWER),
    v.description(`the newest first, at most ${MAX_LISTED}; a site keeps its newest ${MAX_DEPLOYS}`),
  ),
})
export type DeploysAnswer = v.InferOutput<typeof DEPLOYS_ANSWER>

export const DEPLOY_EXAMPLE: DeployAnswer = {
  id: '3f9c1b20d7e4',
  at: '2026-11-21T08:12:40.000Z',
  release: '2.4.0',
  note: 'new checkout',
}
