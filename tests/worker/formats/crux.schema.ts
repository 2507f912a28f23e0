/**
 * The answers of the CrUX API as JSON Schema, by its discovery document (revision 20250409) and its guide, which says
 * more of values that the document calls "any".
 *
 * @see https://chromeuxreport.googleapis.com/$discovery/rest?version=v1
 */

const VALUE = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^\\d+\\.\\d{2}$' },
  ],
}
const SHARE = { type: 'number', minimum: 0, maximum: 1, multipleOf: 1e-4 }
const SHARES = { type: 'array', items: { anyOf: [SHARE, { const: 'NaN' }] } }

function object(properties: object, required = Object.keys(properties)): object {
  return { type: 'object', properties, required, additionalProperties: false }
}

function map(items: object): object {
  return { type: 'object', additionalProperties: items }
}

const DATE = object({ year: { type: 'integer' }, month: { type: 'integer' }, day: { type: 'integer' } })
const PERIOD = object({ firstDate: DATE, lastDate: DATE })
const KEY = object(
  {
    origin: { type: 'string' },
    url: { type: 'string' },
    formFactor: { enum: ['ALL_FORM_FACTORS', 'PHONE', 'DESKTOP', 'TABLET'] },
  },
  [],
)
const NORMALIZATION = object({ originalUrl: { type: 'string' }, normalizedUrl: { type: 'string' } })

/** Three bins, of which only the last has no end. */
function bins(density: object): object {
  const closed = object({ start: VALUE, end: VALUE, ...density })
  const open = object({ start: VALUE, ...density })
  return { type: 'array', items: [closed, closed, open], minItems: 3, additionalItems: false }
}

const METRIC = {
  oneOf: [
    object({ histogram: bins({ density: SHARE }), percentiles: object({ p75: VALUE }) }),
    object({ fractions: map(SHARE) }),
  ],
}
const TIMESERIES = {
  oneOf: [
    object({
      histogramTimeseries: bins({ densities: SHARES }),
      percentilesTimeseries: object({ p75s: { type: 'array', items: { anyOf: [VALUE, { type: 'null' }] } } }),
    }),
    object({ fractionTimeseries: map(object({ fractions: SHARES })) }),
  ],
}

export const QUERY_RESPONSE = object(
  {
    record: object({ key: KEY, metrics: map(METRIC), collectionPeriod: PERIOD }),
    urlNormalizationDetails: NORMALIZATION,
  },
  ['record'],
)

export const QUERY_HISTORY_RESPONSE = object(
  {
    record: object({
      key: KEY,
      metrics: map(TIMESERIES),
      collectionPeriods: { type: 'array', items: PERIOD },
    }),
    urlNormalizationDetails: NORMALIZATION,
  },
  ['record'],
)
