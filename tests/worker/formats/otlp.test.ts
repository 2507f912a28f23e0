import { Ajv } from 'ajv'
import { beforeAll, describe, expect, it } from 'vitest'
import type { OtlpAnswer, OtlpDataPoint } from '../../../schema/api/otlp.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { get, ORIGIN, problemOf, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'
import { EXPORT_REQUEST } from './otlp.schema.ts'

const BEGAN = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR
const RANGE = `from=${new Date(BEGAN).toISOString()}&to=${new Date(BEGAN + HOUR).toISOString()}`
const isRequest = new Ajv({ strict: false }).compile<OtlpAnswer>(EXPORT_REQUEST)

async function metricsOf(params: string) {
  const response = await get(`/v1/export?format=otlp&${params}`)
  expect(response.status).toBe(200)
  const body: unknown = await response.json()
  if (!isRequest(body)) throw new Error(JSON.stringify(isRequest.errors))
  const [resource] = body.resourceMetrics
  return resource?.scopeMetrics[0]?.metrics ?? []
}

/** A percentile by the definition of the exponential histogram, and the point of equal relative error in its bucket. */
function percentileOf(point: OtlpDataPoint | undefined, p: number): number {
  if (!point) return Number.NaN
  const base = 2 ** (2 ** -point.scale)
  const rank = (p / 100) * Number(point.count)
  let sum = Number(point.zeroCount)
  if (sum >= rank) return 0
  for (const [i, n] of point.positive.bucketCounts.entries()) {
    sum += Number(n)
    const [low, high] = [base ** (point.positive.offset + i), base ** (point.positive.offset + i + 1)]
    if (sum >= rank) return (2 * low * high) / (low + high)
  }
  return Number.NaN
}

beforeAll(async () => {
  for (const site of ['shop', 'empty']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await store(
    Array.from({ length: 900 }, (_, i) =>
      pageViewRow({
        began: BEGAN + i,
        route: i % 3 ? '/' : '/p/[id]',
        country: i % 4 ? 'DE' : null,
        weight: 1 + (i % 3),
        lcp: (i * 7_919) % 9_000,
        cls: i % 2 ? 0 : (i * 37) % 500,
        inp: 1,
        calls: i ? '{}' : JSON.stringify({ 0: [['GET /api/a', 0, 0, 0, 200]] }),
      }),
    ),
  )
})

describe('an export in OTLP', () => {
  it('is an ExportMetricsServiceRequest with one point for each metric', async () => {
    const metrics = await metricsOf(`site=shop&${RANGE}`)
    expect(metrics.map(({ name, unit }) => [name, unit])).toEqual([
      ['fieldline.lcp', 'ms'],
      ['fieldline.inp', 'ms'],
      ['fieldline.cls', '10*-3'],
      ['fieldline.fcp', 'ms'],
      ['fieldline.ttfb', 'ms'],
    ])
    for (const { exponentialHistogram } of metrics) {
      expect(exponentialHistogram.aggregationTemporality).toBe(1)
      expect(exponentialHistogram.dataPoints).toHaveLength(1)
      for (const { count, zeroCount, positive, ...point } of exponentialHistogram.dataPoints) {
        const sum = positive.bucketCounts.reduce((total, n) => total + Number(n), Number(zeroCount))
        expect(sum).toBe(1_800)
        expect(Number(count)).toBe(sum)
        expect(point).toEqual({
          attributes: [{ key: 'site', value: { stringValue: 'shop' } }],
          startTimeUnixNano: String(BigInt(BEGAN) * 1_000_000n),
          timeUnixNano: String(BigInt(BEGAN + HOUR) * 1_000_000n),
          scale: 5,
        })
      }
    }
  })

  it('has the percentiles of the summary', async () => {
    const ps = [5, 50, 75, 90, 95, 99]
    const metrics = await metricsOf(`site=shop&${RANGE}`)
    const { data } = await summary(`site=shop&${RANGE}&percentiles=${ps.join(',')}`)
    expect(data).toHaveLength(5)
    for (const { metric, percentiles } of data) {
      const found = metrics.find(({ name }) => name === `fieldline.${metric}`)
      for (const p of ps) {
        const value = percentileOf(found?.exponentialHistogram.dataPoints[0], p)
        const expected = percentiles[`p${p}`]?.value ?? Number.NaN
        expect(Number((metric === 'cls' ? value / 1_000 : value).toPrecision(6)), `${metric} p${p}`).toBe(
          expected,
        )
      }
    }
  })

  it('puts a value where OpenTelemetry has its bucket: 1 in (2^(-1/32), 1]', async () => {
    const [inp] = await metricsOf(`site=shop&${RANGE}&metrics=inp`)
    expect(inp?.exponentialHistogram.dataPoints[0]).toMatchObject({
      zeroCount: '0',
      positive: { offset: -1, bucketCounts: ['1800'] },
    })
    const [api] = await metricsOf(`site=shop&${RANGE}&metrics=api`)
    expect(api?.exponentialHistogram.dataPoints[0]).toMatchObject({
      zeroCount: '1',
      positive: { offset: 0, bucketCounts: [] },
    })
  })

  it('has a point for each group, with what is known of it', async () => {
    const [lcp] = await metricsOf(`site=shop&${RANGE}&metrics=lcp&group_by=route,country`)
    const groups = lcp?.exponentialHistogram.dataPoints.map(({ attributes }) =>
      Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
    )
    expect(groups).toHaveLength(4)
    expect(groups).toContainEqual({ site: 'shop', route: '/p/[id]', country: 'DE' })
    expect(groups).toContainEqual({ site: 'shop', route: '/' })
  })

  it('ends now where the range does not', async () => {
    await store([pageViewRow()])
    const before = Date.now()
    const [lcp] = await metricsOf('site=shop&from=-1h&metrics=lcp')
    const end = Number(BigInt(lcp?.exponentialHistogram.dataPoints[0]?.timeUnixNano ?? 0) / 1_000_000n)
    expect(end).toBeGreaterThanOrEqual(before)
    expect(end).toBeLessThanOrEqual(Date.now())
  })

  it('of a site without data has no metrics', async () => {
    expect(await metricsOf(`site=empty&${RANGE}`)).toEqual([])
  })

  it.each([
    ['site=shop', 'format'],
    ['site=shop&format=xml', 'format'],
    ['site=shop&format=otlp&format=otlp', 'format'],
    ['site=shop&format=otlp&percentiles=75', 'percentiles'],
    ['site=shop&format=otlp&colour=red', 'colour'],
    ['format=otlp', 'site'],
  ])('with %s is a 400 that names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/export?${params}`))).toMatchObject({ status: 400, field })
  })
})
