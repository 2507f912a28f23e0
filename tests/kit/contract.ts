/**
 * The OpenAPI document as a judge: an answer goes in, what the document does not allow comes out.
 */

import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

interface Media {
  schema: { type?: string; contentSchema?: object }
  example: unknown
}
interface Described {
  $ref?: string
  headers?: Record<string, unknown>
  content?: Record<string, Media>
}
export interface OperationObject {
  operationId: string
  security: Record<string, unknown>[]
  parameters: { name: string; in: string; required?: boolean; description?: string; schema: object }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, Described>
}
export interface Document {
  openapi: string
  paths: Record<string, Record<string, OperationObject>>
  webhooks: Record<string, Record<string, OperationObject>>
  components: { schemas: Record<string, object>; responses: Record<string, Described> }
}

export const DOCUMENT: Document = JSON.parse(readFileSync('dist/public/v1/openapi.json', 'utf8'))

/** Every operation with its method and path. */
export const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
)

const ajv = addFormats.default(
  new Ajv2020({
    strict: true,
    strictTuples: false,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
  }),
)
ajv.addSchema(closed({ $id: 'api', components: { schemas: DOCUMENT.components.schemas } }) as object)
ajv.addVocabulary(['components'])
const compiled = new Map<object, ValidateFunction>()

/** What is wrong with a value of this schema; nothing where it fits. A property that is not described is wrong. */
export function faults(schema: object, value: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(closed(schema) as object)
  compiled.set(schema, validate)
  return validate(value)
    ? []
    : (validate.errors ?? []).map(
        (e: ErrorObject) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
      )
}

/** What is wrong with a body: JSON, or a text that may be made of lines of JSON. */
export function faultsOf({ schema }: Media, text: string): string[] {
  if (schema.type !== 'string') return faults(schema, JSON.parse(text))
  if (!schema.contentSchema) return []
  return text
    .split('\n')
    .filter(Boolean)
    .flatMap(line => faults(schema.contentSchema ?? {}, JSON.parse(line)))
}

/** The response that the document describes for a status. */
export function responseOf(operation: OperationObject, status: number): Described | undefined {
  const described = operation.responses[status]
  return described?.$ref ? DOCUMENT.components.responses[status] : described
}

/** The same schema for ajv, closed: no object has a property that is not described. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? value.replace('#', 'api#') : closed(value),
    ]),
  )
  return copy.type === 'object' && copy.properties && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy
}
