/**
 * One operation of the API: what it is asked, in valibot's schemas, and what it answers, with examples, and
 * the Operation Object of OpenAPI 3.1 that is made of it.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html#operation-object
 */

import type * as v from 'valibot'
import { takesMany } from '../api/parameters.ts'
import { jsonSchema } from './json-schema.ts'

type Json = Record<string, unknown>

/** Who may ask: anyone; a browser without, an importer with a token; who may read; the same with `key`; the admin. */
export type Access = 'anyone' | 'browser' | 'reader' | 'key' | 'admin'

/** A body in one media type: a schema of valibot, or JSON Schema where the body is no JSON. */
export interface Content {
  schema: v.GenericSchema | { text: string; contains?: v.GenericSchema; mediaType?: string }
  example: unknown
}

/** Bodies by media type. */
export type Contents = Record<string, Content>

export interface Answer {
  description: string
  /** Names of `HEADERS`. */
  headers?: readonly Header[]
  content?: Contents
}

export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options'
  /** `/v1/sites/{site}` */
  path: string
  id: string
  tag: string
  summary: string
  description?: string
  access: Access
  inPath?: v.ObjectEntries
  inQuery?: v.ObjectEntries
  inHeader?: v.ObjectEntries
  body?: Contents
  answers: Record<number, Answer>
  /** Statuses that are answered as problem details. */
  problems: readonly number[]
  /** The form of errors, where it is not that of problem details. */
  errors?: Content
}

/** What answers carry beside their body. */
export const HEADERS = {
  'Cache-Control':
    'private; kept for a minute at most, and only where no later page view can change the answer',
  ETag: 'of the body in this form; send it as If-None-Match. Of a site: of its settings; send it as If-Match',
  'Server-Timing':
    'ms waited for the database, and in total; `desc="shared"`: with others who asked the same',
  Vary: 'what else decides about the answer',
  'Content-Disposition': 'for ndjson: the name of a file to save it under',
  'Access-Control-Allow-Origin': 'the origin that asked, where the site takes its beacons',
  'Cross-Origin-Resource-Policy': 'cross-origin: pages that embed only what allows it send beacons, too',
  'Access-Control-Allow-Methods': 'POST',
  'Access-Control-Allow-Headers': 'Content-Type',
  'Access-Control-Max-Age': 'seconds for which this holds',
} as const
export type Header = keyof typeof HEADERS

const SECURITY: Record<Access, readonly object[]> = {
  anyone: [],
  browser: [{}, { bearer: [] }],
  reader: [{ bearer: [] }],
  key: [{ bearer: [] }, { key: [] }],
  // Roles, as OpenAPI 3.1 has them for any scheme.
  admin: [{ bearer: ['admin'] }],
}

/** How every body may be refused: too long, or compressed. */
const OF_A_BODY = [413, 415] as const

const KEPT_BY_NOBODY = ['Cache-Control'] as const

/** An answer in JSON. */
export function json(description: string, schema: v.GenericSchema, example: unknown): Answer {
  return { description, headers: KEPT_BY_NOBODY, content: body(schema, example) }
}

/** An answer without a body. */
export function nothing(description: string): Answer {
  return { description, headers: KEPT_BY_NOBODY }
}

/** A body in JSON. */
export function body(schema: v.GenericSchema, example: unknown): Contents {
  return { 'application/json': { schema, example } }
}

export function operationObject(operation: Operation): Json {
  const { id, tag, summary, description, access, body, answers, problems, errors } = operation
  const responses = Object.entries(answers).map(([status, answer]) => [status, responseObject(answer)])
  const isConditional = operation.path.startsWith('/v1/sites/') && operation.method !== 'get'
  const refusals = [...problems, ...(body ? OF_A_BODY : []), ...(isConditional ? [412] : [])]
  const refused = [...new Set(refusals)]
    .sort((a, b) => a - b)
    .map(status => [
      String(status),
      errors
        ? { description: problemName(status), content: contentObject({ 'application/json': errors }) }
        : { $ref: `#/components/responses/${status}` },
    ])
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    security: SECURITY[access],
    parameters: [
      ...parameters('path', operation.inPath),
      ...parameters('query', operation.inQuery),
      ...parameters('header', operation.inHeader),
    ],
    ...(body && { requestBody: { required: true, content: contentObject(body) } }),
    responses: Object.fromEntries([...responses, ...refused]),
  }
}

/** The problems that there are, for `components`. */
export const PROBLEMS: Record<number, { name: string; detail: string; field?: string }> = {
  400: { name: 'Bad Request', detail: 'limit must be at most 200', field: 'limit' },
  401: {
    name: 'Unauthorized',
    detail: 'Send the header `Authorization: Bearer <token>` with a valid token.',
  },
  403: {
    name: 'Forbidden',
    detail: 'This token reads site shop and no other: ask for site=shop.',
    field: 'site',
  },
  404: { name: 'Not Found', detail: 'There is no site shop.', field: 'site' },
  409: {
    name: 'Conflict',
    detail: 'Site shop is being deleted; try again when its rows are gone.',
  },
  412: { name: 'Precondition Failed', detail: 'Site shop exists already.', field: 'site' },
  413: { name: 'Content Too Large', detail: 'A beacon is at most 16384 bytes long.' },
  415: {
    name: 'Unsupported Media Type',
    detail: 'A beacon is text/plain or application/json, not text/html.',
  },
  429: { name: 'Too Many Requests', detail: 'Too many beacons from this address.' },
  500: {
    name: 'Internal Server Error',
    detail: 'Something went wrong. The log of the worker has the details.',
  },
  503: { name: 'Service Unavailable', detail: 'The database cannot take beacons at the moment.' },
}

function problemName(status: number): string {
  return PROBLEMS[status]?.name ?? 'Error'
}

function responseObject({ description, headers, content }: Answer): Json {
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(headers.map(name => [name, { $ref: `#/components/headers/${name}` }])),
    }),
    ...(content && { content: contentObject(content) }),
  }
}

function contentObject(contents: Contents): Json {
  return Object.fromEntries(
    Object.entries(contents).map(([type, { schema, example }]) => [
      type,
      { schema: schemaObject(schema), example },
    ]),
  )
}

function schemaObject(schema: Content['schema']): Json {
  if ('kind' in schema) return jsonSchema(schema)
  const { text, contains, mediaType = 'application/json' } = schema
  return {
    type: 'string',
    description: text,
    ...(contains && { contentMediaType: mediaType, contentSchema: jsonSchema(contains) }),
  }
}

/** The entries of a question as Parameter Objects. Lists are comma-separated. */
function parameters(place: 'path' | 'query' | 'header', entries: v.ObjectEntries = {}): Json[] {
  return Object.entries(entries).map(([name, entry]) => {
    const { description, ...schema } = jsonSchema(entry as v.GenericSchema)
    const isList = schema.type === 'array'
    const given = schema.default
    return {
      name,
      in: place,
      ...(typeof description === 'string' && { description }),
      ...((place === 'path' || entry.type !== 'optional') && { required: true }),
      ...(isList && { style: 'form', explode: takesMany(entry) }),
      schema: { ...schema, ...(typeof given === 'string' && { default: fromText(given, schema) }) },
    }
  })
}

/** A default, which valibot takes before it is parsed, as what the schema says. */
function fromText(text: string, { type, items }: Json): unknown {
  if (type === 'array') return text.split(',').map(item => fromText(item, (items ?? {}) as Json))
  return type === 'integer' || type === 'number' ? Number(text) : text
}
