/**
 * The JSON body of a request that changes something, checked by a schema.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { isLoopback } from '../../schema/api/webhook-address.ts'
import { readText } from '../body.ts'
import type { Hono } from '../env.ts'
import { badField } from '../problem.ts'

/** The body as `schema` reads it. Throws a 400 that names the first field that does not fit. */
export async function readJson<S extends v.GenericSchema>(
  c: Context<Hono>,
  schema: S,
): Promise<v.InferOutput<S>> {
  const body = toJson(await readText(c.req.raw))
  // Valibot takes a list for an object.
  if (Array.isArray(body)) throw badField({ field: 'body', detail: 'must be an object' })
  const checked = v.safeParse(schema, body, { abortEarly: true })
  if (checked.success) return checked.output
  const [issue] = checked.issues
  throw badField({ field: v.getDotPath(issue) ?? 'body', detail: issue.message })
}

/** Throws a 400 where the worker would send to its own machine for somebody who asks from elsewhere. */
export function checkAddress(c: Context<Hono>, url: string): void {
  if (isLoopback(url) && !isLoopback(c.req.url)) {
    throw badField({
      field: 'url',
      detail: 'must be a public address: this worker is not asked at its own machine',
    })
  }
}

/** Throws a 400 where the text is no JSON. */
export function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badField({ field: 'body', detail: 'is not JSON' })
  }
}
