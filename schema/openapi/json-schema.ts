/**
 * JSON Schema of what validates: valibot's schemas in the dialect of OpenAPI 3.1, those that have a name as references. Always the input side, which is what crosses the wire; what only code can say (a text is
 * parsed, a custom check) says its JSON Schema beside that code, by `v.metadata`.
 */

import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { PERCENTILE_ANSWER } from '../api/answer.ts'
import { BFCACHE_ANSWER, BFCACHE_ROW } from '../api/bfcache.ts'
import { BLOCKING_ANSWER, BLOCKING_ROW } from '../api/blocking.ts'
import { BUDGET_MESSAGE, TEST_MESSAGE } from '../api/budget-messages.ts'
import { BUDGET } from '../api/budget-terms.ts'
import { BUDGET_ANSWER, BUDGET_EVENTS_ANSWER, BUDGETS_ANSWER } from '../api/budgets.ts'
import { CAUSE, CAUSES_ANSWER } from '../api/causes.ts'
import { CHANGES_ANSWER, CHANGES_ROW } from '../api/changes.ts'
import { CRUX_ANSWER, CRUX_ERROR, CRUX_HISTORY_ANSWER } from '../api/crux.ts'
import { DELIVERY_ANSWER } from '../api/delivery.ts'
import { DEPLOY, DEPLOY_ANSWER, DEPLOYS_ANSWER } from '../api/deploys.ts'
import { IMPORT_ANSWER, IMPORT_LINE } from '../api/import.ts'
import { NDJSON_LINE } from '../api/ndjson.ts'
import { OTLP_ANSWER } from '../api/otlp.ts'
import { PAGEVIEW } from '../api/pageview.ts'
import { PAGEVIEWS_ANSWER } from '../api/pageviews.ts'
import { SITE_ANSWER, SITE_CHANGE, SITE_SAVED, SITE_SETTINGS, SITES_ANSWER } from '../api/site.ts'
import { SUMMARY_ANSWER, SUMMARY_ROW } from '../api/summary.ts'
import { TAGS, TAGS_ANSWER } from '../api/tags.ts'
import { TIMESERIES_ANSWER, TIMESERIES_ROW } from '../api/timeseries.ts'
import { NEW_TOKEN, NEW_TOKEN_ANSWER, TOKEN_ANSWER, TOKENS_ANSWER } from '../api/token.ts'
import { TRENDS_ANSWER, TRENDS_ROW } from '../api/trends.ts'
import { PROBLEM } from '../domain/problem.ts'
import { WIRE } from '../wire/decode.ts'

/** The schemas that have a name in the document. */
const NAMED: Record<string, v.GenericSchema> = {
  Beacon: WIRE,
  Bfcache: BFCACHE_ANSWER,
  BfcacheReason: BFCACHE_ROW,
  Blocking: BLOCKING_ANSWER,
  BlockingHost: BLOCKING_ROW,
  Budget: BUDGET_ANSWER,
  BudgetEvents: BUDGET_EVENTS_ANSWER,
  BudgetMessage: BUDGET_MESSAGE,
  Budgets: BUDGETS_ANSWER,
  BudgetTerms: BUDGET,
  Cause: CAUSE,
  Causes: CAUSES_ANSWER,
  Change: CHANGES_ROW,
  Changes: CHANGES_ANSWER,
  CruxError: CRUX_ERROR,
  CruxHistory: CRUX_HISTORY_ANSWER,
  CruxRecord: CRUX_ANSWER,
  Delivery: DELIVERY_ANSWER,
  Deploy: DEPLOY_ANSWER,
  Deploys: DEPLOYS_ANSWER,
  ExportLine: NDJSON_LINE,
  ImportLine: IMPORT_LINE,
  Imported: IMPORT_ANSWER,
  NewDeploy: DEPLOY,
  NewToken: NEW_TOKEN,
  NewTokenAnswer: NEW_TOKEN_ANSWER,
  OtlpMetrics: OTLP_ANSWER,
  PageView: PAGEVIEW,
  PageViews: PAGEVIEWS_ANSWER,
  Percentile: PERCENTILE_ANSWER,
  Problem: PROBLEM,
  SavedSite: SITE_SAVED,
  Site: SITE_ANSWER,
  SiteChange: SITE_CHANGE,
  SiteSettings: SITE_SETTINGS,
  Sites: SITES_ANSWER,
  Summary: SUMMARY_ANSWER,
  SummaryRow: SUMMARY_ROW,
  TagNames: TAGS,
  Tags: TAGS_ANSWER,
  TestMessage: TEST_MESSAGE,
  Timeseries: TIMESERIES_ANSWER,
  TimeseriesRow: TIMESERIES_ROW,
  Token: TOKEN_ANSWER,
  Tokens: TOKENS_ANSWER,
  Trends: TRENDS_ANSWER,
  TrendsRow: TRENDS_ROW,
}

const CONFIG: ConversionConfig = {
  target: 'draft-2020-12',
  typeMode: 'input',
  // They let less through than is said here.
  ignoreActions: ['check', 'partial_check', 'trim'],
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  overrideAction({ valibotAction, jsonSchema }) {
    // JSON Schema has no pattern that ignores case.
    const pattern = 'requirement' in valibotAction ? valibotAction.requirement : null
    return pattern instanceof RegExp && pattern.flags === 'i' ? jsonSchema : null
  },
  overrideSchema({ valibotSchema, jsonSchema }) {
    switch (valibotSchema.type) {
      // `propertyNames` is there; valibot's records need not have all keys.
      case 'record':
        return jsonSchema
      case 'loose_object':
        return { ...jsonSchema, additionalProperties: true }
      // Its v.metadata says what it is.
      case 'custom':
        return {}
      case 'tuple':
      case 'strict_tuple':
        return { ...jsonSchema, minItems: requiredItems(valibotSchema) }
      default:
        return null
    }
  },
}

/** The schemas of `components`, by name. */
export function namedSchemas(): Record<string, JsonSchema> {
  return toJsonSchemaDefs(NAMED, CONFIG)
}

/** One schema; a reference where it has a name. */
export function jsonSchema(schema: v.GenericSchema): Record<string, unknown> {
  const { $schema: _, $defs: __, ...converted } = toJsonSchema(schema, { ...CONFIG, definitions: NAMED })
  return converted
}

/** Items of a tuple up to the last one that must be there. */
function requiredItems(tuple: object): number {
  const items: unknown[] = 'items' in tuple && Array.isArray(tuple.items) ? tuple.items : []
  const optional = (item: unknown) =>
    typeof item === 'object' && item !== null && 'type' in item && item.type === 'optional'
  return items.findLastIndex(item => !optional(item)) + 1
}
