/**
 * The JSON body of a request that changes something: a schema goes in, what it lets through comes out.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import type { Hono } from '../env.ts'
import { badField } from '../problem.ts'

/** The body as `schema` reads it. Throws a 400 that names the first field that does not fit. */
export async function readJson<S extends v.GenericSchema>(
  c: Context<Hono>,
  schema: S,
): Promise<v.InferOutput<S>> {
  const body: unknown = await c.req.json().catch(() => {
    throw badField({ field: 'body', detail: 'is not JSON' })
  })
  const checked = v.safeParse(schema, body, { abortEarly: true })
  if (checked.success) return checked.output
  const [issue] = checked.issues
  throw badField({ field: v.getDotPath(issue) ?? 'body', detail: issue.message })
}
