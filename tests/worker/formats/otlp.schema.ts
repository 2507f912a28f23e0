/**
 * The part of OTLP's `ExportMetricsServiceRequest` that carries exponential histograms, as JSON Schema: by
 * metrics.proto 1.9 and the rules of OTLP/JSON (lowerCamelCase keys, 64-bit integers as decimal strings, enums as
 * numbers, nothing unknown).
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */

const UINT64 = { type: 'string', pattern: '^(0|[1-9]\\d{0,19})$' }
const INT32 = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }
const UINT32 = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 }
const DOUBLE = { type: 'number' }
const STRING = { type: 'string' }

function message(properties: Record<string, object>, required: string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false }
}

function list(items: object): object {
  return { type: 'array', items }
}

const ANY_VALUE = message({ stringValue: STRING, boolValue: { type: 'boolean' }, doubleValue: DOUBLE })
const ATTRIBUTES = list(message({ key: STRING, value: ANY_VALUE }, ['key', 'value']))
const BUCKETS = message({ offset: INT32, bucketCounts: list(UINT64) })

const DATA_POINT = message(
  {
    attributes: ATTRIBUTES,
    startTimeUnixNano: UINT64,
    timeUnixNano: UINT64,
    count: UINT64,
    sum: DOUBLE,
    scale: INT32,
    zeroCount: UINT64,
    positive: BUCKETS,
    negative: BUCKETS,
    flags: UINT32,
    min: DOUBLE,
    max: DOUBLE,
    zeroThreshold: DOUBLE,
  },
  ['timeUnixNano', 'count', 'scale'],
)

const METRIC = message(
  {
    name: { type: 'string', minLength: 1 },
    description: STRING,
    unit: STRING,
    exponentialHistogram: message(
      { dataPoints: list(DATA_POINT), aggregationTemporality: { enum: [1, 2] } },
      ['dataPoints', 'aggregationTemporality'],
    ),
    metadata: ATTRIBUTES,
  },
  ['name', 'exponentialHistogram'],
)

export const EXPORT_REQUEST = message(
  {
    resourceMetrics: list(
      message({
        resource: message({ attributes: ATTRIBUTES, droppedAttributesCount: UINT32 }),
        scopeMetrics: list(
          message({
            scope: message({ name: STRING, version: STRING, attributes: ATTRIBUTES }),
            metrics: list(METRIC),
            schemaUrl: STRING,
          }),
        ),
        schemaUrl: STRING,
      }),
    ),
  },
  ['resourceMetrics'],
)
