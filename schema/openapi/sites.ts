/**
 * The operations on sites and their read tokens.
 */

import * as v from 'valibot'
import { DEPLOY, DEPLOY_ANSWER, DEPLOY_EXAMPLE, DEPLOY_ID, MAX_DEPLOYS } from '../api/deploys.ts'
import { SITE as SITE_PARAMETER } from '../api/fields.ts'
import { MOVE, MOVE_ANSWER, MOVE_EXAMPLE } from '../api/move.ts'
import { OVERVIEW_ANSWER, OVERVIEW_EXAMPLE, OVERVIEW_QUERY } from '../api/overview.ts'
import { SITE_ANSWER, SITE_CHANGE, SITE_SAVED, SITE_SETTINGS, SITES_ANSWER } from '../api/site.ts'
import { NEW_TOKEN, NEW_TOKEN_ANSWER, TOKEN_ANSWER, TOKENS_ANSWER } from '../api/token.ts'
import { type Answer, body, json, nothing, type Operation } from './operation.ts'
import { NEW_TOKEN as MADE_TOKEN, SAVED_SITE, SITE, TOKEN } from './site-examples.ts'

const PROBLEMS = [401, 403, 404, 500, 503]

const ofSites = { tag: 'Sites', path: '/v1/sites/{site}', inPath: { site: SITE_PARAMETER } }
/** What a change of a site may be bound to. */
const MATCH = {
  'If-Match': v.optional(
    v.pipe(
      v.string(),
      v.description('the ETag of the settings that were read: a 412 where somebody has changed them since'),
    ),
  ),
}
/** A site as it is answered, with the ETag of its settings. */
const site = (...[description, schema, example]: Parameters<typeof json>): Answer => {
  const answer = json(description, schema, example)
  return { ...answer, headers: [...(answer.headers ?? []), 'ETag'] }
}
const ofDeploys = { ...ofSites, access: 'admin', path: '/v1/sites/{site}/deploys' } as const
const ofTokens = { ...ofSites, access: 'admin', path: '/v1/sites/{site}/tokens' } as const

export const SITE_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    tag: 'Sites',
    path: '/v1/sites',
    id: 'listSites',
    summary: 'The sites that the token may read',
    access: 'reader',
    answers: { 200: json('The sites, by name.', SITES_ANSWER, { data: [SITE] }) },
    problems: [401, 500, 503],
  },
  {
    method: 'get',
    tag: 'Sites',
    path: '/v1/overview',
    id: 'overview',
    summary: 'All sites with their vitals and the state of their budgets',
    description: 'The p75 of the last 24 hours as far as they are rolled up.',
    access: 'reader',
    inQuery: OVERVIEW_QUERY,
    answers: { 200: json('The sites, by name.', OVERVIEW_ANSWER, OVERVIEW_EXAMPLE) },
    problems: [400, 401, 500, 503],
  },
  {
    ...ofSites,
    method: 'get',
    id: 'getSite',
    summary: 'A site and its settings',
    access: 'reader',
    answers: { 200: site('The site.', SITE_ANSWER, SITE) },
    problems: PROBLEMS,
  },
  {
    ...ofSites,
    method: 'put',
    id: 'putSite',
    summary: 'Creates a site, or replaces its settings',
    access: 'admin',
    inHeader: {
      ...MATCH,
      'If-None-Match': v.optional(
        v.pipe(v.literal('*'), v.description('creates the site, and replaces nothing')),
      ),
    },
    body: body(SITE_SETTINGS, {
      origins: ['https://shop.example', 'https://*.shop.example'],
      rows_per_day: 25_000,
    }),
    answers: {
      200: site('The settings are replaced.', SITE_SAVED, SAVED_SITE),
      201: site('The site is made.', SITE_SAVED, SAVED_SITE),
    },
    problems: [400, 401, 403, 409, 412, 500, 503],
  },
  {
    ...ofSites,
    method: 'patch',
    id: 'changeSite',
    summary: 'Changes the settings that are given',
    access: 'admin',
    inHeader: MATCH,
    body: body(SITE_CHANGE, { raw_days: 30 }),
    answers: { 200: site('The site as it is now.', SITE_SAVED, { ...SAVED_SITE, raw_days: 30 }) },
    problems: [400, 409, ...PROBLEMS],
  },
  {
    ...ofSites,
    method: 'delete',
    id: 'deleteSite',
    summary: 'Deletes a site and all its data',
    access: 'admin',
    inHeader: MATCH,
    answers: { 202: nothing('It takes no more beacons; its rows go with the next runs of the cron.') },
    problems: PROBLEMS,
  },
  {
    ...ofSites,
    method: 'post',
    path: '/v1/sites/{site}/move',
    id: 'moveSite',
    summary: 'Moves a site to another database',
    description:
      'A request does a part of it: ask again until `phase` is `purge` or `done`. Beacons are stored and questions answered meanwhile. Settings of the site cannot change until it is there. What is begun, the cron goes on with.',
    access: 'admin',
    body: body(MOVE, { to: 'DB_2' }),
    answers: { 200: json('How far it is.', MOVE_ANSWER, MOVE_EXAMPLE) },
    problems: [400, 401, 403, 404, 409, 500, 503],
  },
  {
    ...ofTokens,
    method: 'get',
    id: 'listTokens',
    summary: 'The read tokens of a site',
    answers: {
      200: json('The tokens without their secrets, the oldest first.', TOKENS_ANSWER, { data: [TOKEN] }),
    },
    problems: PROBLEMS,
  },
  {
    ...ofTokens,
    method: 'post',
    id: 'createToken',
    summary: 'Creates a read token',
    body: body(NEW_TOKEN, { name: 'ci', expires: '2027-01-01T00:00:00Z' }),
    answers: {
      201: json('The token, shown here and never again.', NEW_TOKEN_ANSWER, MADE_TOKEN),
    },
    problems: [400, 401, 403, 404, 409, 500, 503],
  },
  {
    ...ofTokens,
    method: 'delete',
    path: '/v1/sites/{site}/tokens/{id}',
    inPath: {
      site: SITE_PARAMETER,
      id: v.pipe(TOKEN_ANSWER.entries.id, v.description('the id of the token')),
    },
    id: 'revokeToken',
    summary: 'Revokes a read token',
    answers: {
      204: nothing('The token reads nothing any more; elsewhere in the world it may for ten seconds.'),
    },
    problems: PROBLEMS,
  },
  {
    ...ofDeploys,
    method: 'post',
    id: 'markDeploy',
    summary: 'Marks a deploy',
    description:
      `A site keeps its newest ${MAX_DEPLOYS} deploys. The same release with the same note within an hour, and no other release ` +
      'between them, is the same deploy: it is marked once.',
    body: body(DEPLOY, { release: '2.4.0', note: 'new checkout' }),
    answers: {
      200: json('The same deploy, as it is marked already.', DEPLOY_ANSWER, DEPLOY_EXAMPLE),
      201: json('The deploy.', DEPLOY_ANSWER, DEPLOY_EXAMPLE),
    },
    problems: [400, 401, 403, 404, 500, 503],
  },
  {
    ...ofDeploys,
    method: 'delete',
    path: '/v1/sites/{site}/deploys/{id}',
    inPath: { site: SITE_PARAMETER, id: DEPLOY_ID },
    id: 'deleteDeploy',
    summary: 'Takes a deploy back',
    answers: { 204: nothing('The deploy is gone.') },
    problems: PROBLEMS,
  },
]
