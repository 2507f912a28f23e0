/**
 * A call or a mark as one whole number, in SQL: its bucket, how it is rated, and how it ended. So it is sorted, listed and counted as
 * one value, not as three.
 *
 *     320 ms, good, a failure of HTTP    bucket 267    ((267 + 1) * 3 + 0) * 5 + 1 = 4021
 *     called off                                       -1
 *
 * What was called off says nothing of the endpoint, so it has no bucket.
 */

import { type SQL, sql } from 'drizzle-orm'
import { PER_DOUBLING, ZERO } from '../../schema/domain/buckets.ts'
import type { Limits } from '../../schema/domain/histogram.ts'
import { FAILURES, OUTCOMES } from '../../schema/wire/pageview.ts'

const [GOOD, MIDDLE, POOR] = [0, 1, 2]
const RATINGS = 3
const ENDS = OUTCOMES.length
export const ABORTED = OUTCOMES.indexOf('aborted')
const OK = OUTCOMES.indexOf('ok')

/** SQL of the number of a call `x` that ended as `outcome` says; an end that is unknown is a good one. */
export function callCode({ good, poor }: Limits): SQL {
  const failure = `iif(outcome IN (${FAILURES.map(name => OUTCOMES.indexOf(name)).join(', ')}), CAST(outcome AS INTEGER), ${OK})`
  return sql.raw(
    `iif(outcome = ${ABORTED}, -1, ${codeOf(`CASE WHEN x <= ${good} THEN ${GOOD} WHEN x > ${poor} THEN ${POOR} ELSE ${MIDDLE} END`, failure)})`,
  )
}

/** SQL of the number of a mark `x`. What has no thresholds is neither good nor poor. */
export const MARK_CODE: SQL = sql.raw(codeOf(String(MIDDLE), String(OK)))

function codeOf(rating: string, end: string): string {
  return `((${bucketSql('x')} - ${ZERO}) * ${RATINGS} + ${rating}) * ${ENDS} + ${end}`
}

/** What a number says, in SQL. */
export const ANSWERED: SQL = sql.raw('code >= 0')
export const CODE_BUCKET: SQL = sql.raw(`code / ${RATINGS * ENDS} + ${ZERO}`)
export const IS_GOOD: SQL = rated(GOOD)
export const IS_POOR: SQL = rated(POOR)

/** True for a call that failed so. What was called off has no remainder of a failure. */
export function isFailure(name: (typeof FAILURES)[number]): SQL {
  return sql.raw(`code % ${ENDS} = ${OUTCOMES.indexOf(name)}`)
}

/** 1 for a call that failed, however it did; what was called off is below 0. D1 counts a row for each look into a list of `IN` here. */
export const HAS_FAILED: SQL = sql.raw(`code % ${ENDS} > ${OK}`)

function rated(rating: number): SQL {
  return sql.raw(`code >= 0 AND code / ${ENDS} % ${RATINGS} = ${rating}`)
}

/** The bucket of a value: `bucketOf` of schema/domain/buckets in SQL. Both agree on every whole number to 600,000. */
export function bucketSql(x: string): string {
  return `CASE WHEN ${x} < 1 THEN ${ZERO} ELSE CAST(ceil(log2(${x}) * ${PER_DOUBLING}) AS INTEGER) END`
}
