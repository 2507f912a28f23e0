/**
 * `GET /v1/export?format=...`: data for other systems, each in its own format.
 */

import type { Context } from 'hono'
import type { Hono } from '../env.ts'
import { badField } from '../problem.ts'
import { ndjsonRoute } from './ndjson.ts'
import { otlpRoute } from './otlp.ts'

type Handler = (c: Context<Hono>) => Promise<Response>

const FORMATS: Readonly<Record<string, Handler>> = { ndjson: ndjsonRoute, otlp: otlpRoute }

export async function exportRoute(c: Context<Hono>): Promise<Response> {
  const [format = '', ...more] = c.req.queries('format') ?? []
  const handler = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
  if (!handler || more.length) {
    throw badField({ field: 'format', detail: `must be one of ${Object.keys(FORMATS).join(', ')}` })
  }
  return handler(c)
}
