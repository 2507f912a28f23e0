/**
 * The OpenAPI document, made of the descriptions of all operations. The build writes it to /v1/openapi.json; nothing of it is
 * in the worker.
 */

import { BEACON_OPERATIONS } from './beacon.ts'
import { BUDGET_OPERATIONS } from './budgets.ts'
import { COLLECTOR_OPERATIONS } from './collectors.ts'
import { namedSchemas } from './json-schema.ts'
import { HEADERS, type Operation, operationObject, PROBLEMS } from './operation.ts'
import { QUESTIONS } from './questions.ts'
import { RULE_OPERATIONS } from './rules.ts'
import { SEGMENT_OPERATIONS } from './segments.ts'
import { TAG_OPERATIONS } from './site-tags.ts'
import { SITE_OPERATIONS } from './sites.ts'
import { TAGS } from './tags.ts'
import { TOOL_OPERATIONS } from './tools.ts'
import { WEBHOOKS } from './webhooks.ts'

export const OPERATIONS: readonly Operation[] = [
  ...QUESTIONS,
  ...TOOL_OPERATIONS,
  ...SITE_OPERATIONS,
  ...RULE_OPERATIONS,
  ...TAG_OPERATIONS,
  ...SEGMENT_OPERATIONS,
  ...BUDGET_OPERATIONS,
  ...COLLECTOR_OPERATIONS,
  ...BEACON_OPERATIONS,
]

/** The document of this version of fieldline. */
export function openApi(version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'fieldline',
      version,
      summary: 'Real-user monitoring that you own.',
      description:
        'Percentiles of what visitors measured, each with its count, its samples and its 95% interval. Times are ms, ' +
        '`null` is no data. A wrong parameter is a 400 that names it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'the worker that serves this document' }],
    tags: TAGS,
    paths,
    webhooks: WEBHOOKS,
    components: {
      schemas: namedSchemas(),
      headers: Object.fromEntries(
        Object.entries(HEADERS).map(([name, description]) => [
          name,
          { description, schema: { type: 'string' } },
        ]),
      ),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, { name, ...said }]) => [
          status,
          {
            description: name,
            content: {
              'application/problem+json': {
                schema: { $ref: '#/components/schemas/Problem' },
                example: { type: 'about:blank', title: name, status: Number(status), ...said },
              },
            },
          },
        ]),
      ),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'ADMIN_TOKEN, or a read token: `fl_<site>_<id>_<secret>`, which reads one site',
        },
        key: {
          type: 'apiKey',
          in: 'query',
          name: 'key',
          description: "the same token, where clients of the CrUX API put Google's",
        },
      },
    },
  }
}
