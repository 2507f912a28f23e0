/** The tables of docs/api.md, made from the OpenAPI document that the build has written. */

import { readFileSync } from 'node:fs'
import { DIMENSIONS } from '../../schema/api/filters.ts'

interface Schema {
  $ref?: string
  type?: string
  enum?: unknown[]
  pattern?: string
  properties?: Record<string, Schema>
  items?: Schema
  minimum?: number
  maximum?: number
  default?: unknown
}
interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema: Schema
}
type Content = Record<string, { schema: Schema }>
interface Operation {
  tags: string[]
  summary: string
  /** Alternatives: a scheme with the roles that it takes. */
  security: Record<string, string[]>[]
  parameters: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
}
interface Document {
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** Parameters that the table of endpoints writes as one word. */
const FILTERS: readonly string[] = [...DIMENSIONS, 'endpoint', 'tag']

function openApi(): Document {
  return JSON.parse(readFileSync('dist/public/v1/openapi.json', 'utf8'))
}

/** A table for each chapter of the document: request, parameters, body and answer. */
export function endpointTables(): string {
  const document = openApi()
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  )
  return document.tags
    .map(({ name, description }) =>
      [
        `### ${name}`,
        '',
        description,
        '',
        '| request | what it does | parameters | answer | token |',
        '|---|---|---|---|---|',
        ...operations
          .filter(({ tags }) => tags.includes(name))
          .map(operation =>
            row([
              `\`${operation.method.toUpperCase()} ${operation.path}\``,
              operation.summary,
              given(document, operation),
              answers(document, operation),
              tokenOf(operation),
            ]),
          ),
      ].join('\n'),
    )
    .join('\n\n')
}

/** Every parameter of an address, its meaning, its values and its default. Those that differ by endpoint have a row each. */
export function parameterTable(): string {
  const rows = new Map<string, { name: string; cells: string[]; paths: Set<string> }>()
  for (const [path, methods] of Object.entries(openApi().paths))
    for (const { parameters } of Object.values(methods))
      for (const { name, in: place, description = '', schema } of parameters) {
        if (place !== 'query') continue
        const cells = [description, valuesOf(schema), defaultOf(schema)]
        const known = rows.get(row([name, ...cells])) ?? { name, cells, paths: new Set() }
        rows.set(row([name, ...cells]), { ...known, paths: known.paths.add(path) })
      }
  const all = [...rows.values()]
  const body = all
    .toSorted(
      (a, b) => all.findIndex(({ name }) => name === a.name) - all.findIndex(({ name }) => name === b.name),
    )
    .map(({ name, cells, paths }) => {
      const others = all.filter(other => other.name === name && other.paths !== paths)
      const isUsual = paths.size > 2 && others.every(other => other.paths.size < paths.size)
      const places = isUsual ? (others.length ? 'all others' : '') : [...paths].map(code).join(', ')
      return row([code(name), ...cells, places])
    })
  return ['| parameter | meaning | values | default | only for |', '|---|---|---|---|---|', ...body].join(
    '\n',
  )
}

function given(document: Document, { parameters, requestBody }: Operation): string {
  const query = parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name)
  const hasFilters = FILTERS.every(name => query.includes(name))
  const names = hasFilters ? query.filter(name => !FILTERS.includes(name)) : query
  const headers = parameters.filter(({ in: place }) => place === 'header').map(({ name }) => name)
  const fields = requestBody && fieldsOf(document, Object.values(requestBody.content)[0])
  return [
    [...names.map(code), ...(hasFilters ? ['[filters](#parameters)'] : [])].join(', '),
    headers.length ? `header ${headers.map(code).join(', ')}` : '',
    fields ? `body: ${fields}` : requestBody ? 'body: a beacon' : '',
  ]
    .filter(Boolean)
    .join('; ')
}

function answers(document: Document, { responses }: Operation): string {
  const bodies = new Map<string, string[]>()
  for (const [status, { content = {} }] of Object.entries(responses)) {
    if (!status.startsWith('2')) continue
    const others = Object.keys(content).filter(type => type !== 'application/json')
    const body = [fieldsOf(document, Object.values(content)[0]), ...others.map(code)]
      .filter(Boolean)
      .join('; ')
    bodies.set(body, [...(bodies.get(body) ?? []), status])
  }
  return [...bodies]
    .map(([body, statuses]) => [statuses.join(' or '), body].filter(Boolean).join(': '))
    .join('; ')
}

function fieldsOf({ components }: Document, content: { schema: Schema } | undefined): string {
  const { $ref, ...schema } = content?.schema ?? {}
  const { properties } = $ref ? (components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}) : schema
  return Object.keys(properties ?? {})
    .map(code)
    .join(', ')
}

function tokenOf({ security }: Operation): string {
  if (security.length === 0 || security.some(way => Object.keys(way).length === 0)) return 'none'
  return security.some(way => way.bearer?.includes('admin')) ? 'admin' : 'read'
}

function valuesOf({ enum: values, items, type, minimum, maximum }: Schema): string {
  if (values) return values.map(value => code(String(value))).join(', ')
  if (items)
    return items.enum ? `list of ${valuesOf(items)}` : `list${items.minimum ? ` of ${valuesOf(items)}` : ''}`
  if (minimum !== undefined && maximum !== undefined)
    return `${minimum.toLocaleString('en-US')} to ${maximum.toLocaleString('en-US')}`
  return type === 'string' ? 'text' : (type ?? '')
}

function defaultOf({ default: value }: Schema): string {
  return value === undefined ? '' : code(String(value))
}

function code(name: string): string {
  return `\`${name}\``
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('<', '&lt;')).join(' | ')} |`
}
