/**
 * The door for parameters, as middleware: what no endpoint could read is a 400 before anything looks at it.
 */

import type { Context, Next } from 'hono'
import * as v from 'valibot'
import { ID, ID_DETAIL, SITE_DETAIL, SITE_NAME } from '../schema/api/fields.ts'
import { isFilter, SEGMENT_ID } from '../schema/api/filters.ts'
import { badEncoding, badForm, parseParameters } from '../schema/api/parameters.ts'
import { TAG_NAME, TAG_NAME_DETAIL } from '../schema/domain/tag.ts'
import type { Hono } from './env.ts'
import { badField } from './problem.ts'

/** Middleware: the form of the query string. */
export async function wellFormed(c: Context<Hono>, next: Next): Promise<void> {
  const { search, searchParams } = new URL(c.req.url)
  const bad = badEncoding(search) ?? badForm(searchParams, isFilter)
  if (bad) throw badField(bad)
  await next()
}

/** Middleware for `/v1/sites/...`, where the path says it all. */
export async function pathAlone(c: Context<Hono>, next: Next): Promise<void> {
  checkPath(c)
  await next()
}

/** Kinds of things of a site that have names instead of ids. */
const OWN_NAMES = ['rules', 'segments', 'tags']

/** Throws a 400 for a parameter behind `/v1/sites/<site>/<kind>/<id>`, or a name or id that there cannot be. */
export function checkPath(c: Context<Hono>): void {
  const parsed = parseParameters({}, new URL(c.req.url).searchParams)
  if ('error' in parsed) throw badField(parsed.error)
  const [, , , site, kind = '', id] = c.req.path.split('/')
  if (site && !v.is(SITE_NAME, site)) throw badField({ field: 'site', detail: SITE_DETAIL })
  if (id && kind === 'segments' && !v.is(SEGMENT_ID, id)) throw badField({ field: 'id', detail: SITE_DETAIL })
  if (id && kind === 'tags' && !TAG_NAME.test(id)) throw badField({ field: 'name', detail: TAG_NAME_DETAIL })
  if (id && !OWN_NAMES.includes(kind) && id !== 'preview' && !v.is(ID, id)) {
    throw badField({ field: 'id', detail: ID_DETAIL })
  }
}

/** The site of an address `/v1/sites/:site/...`. */
export function siteOf(c: Context<Hono>): string {
  return c.req.param('site') ?? ''
}
