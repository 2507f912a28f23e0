/**
 * What the lake costs a beacon: an ordinary page view goes in, the CPU of its row and of its JSON comes out, and bytes. The wait for
 * the stream is no CPU.
 */

import type { LakeRow } from '../../schema/storage/lake.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { toLakeRow } from '../../worker/ingest/lake-row.ts'
import { typicalView } from '../kit/beacons.ts'
import { quantile } from '../kit/client.ts'

/** Rows of one send, and sends. */
const ROWS = 100
const SENDS = 200

/** The row of an ordinary page view. */
export function typicalRow(serial: number): LakeRow {
  const visitor = {
    country: 'DE',
    device: 'desktop',
    browser: 'Chrome',
    browserVersion: 156,
    os: 'Windows',
  } as const
  const found = { site: 'shop', id: '0123456789abcdef', visitor, imported: false, now: 1_795_939_190_340 }
  return toLakeRow(typicalView(serial), found)
}

export async function benchLake() {
  const took = Array.from({ length: SENDS }, () => {
    const started = performance.now()
    JSON.stringify(Array.from({ length: ROWS }, (_, i) => typicalRow(i)))
    return ((performance.now() - started) / ROWS) * 1_000
  })
  return {
    'µs of CPU a beacon (median)': Math.round(quantile(took, 0.5) * 10) / 10,
    'bytes of a beacon': encode(typicalView(1)).length,
    'bytes of its row': JSON.stringify(typicalRow(1)).length,
  }
}
