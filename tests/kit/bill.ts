/**
 * What a job of the metered worker cost: its name and parameters go in, D1's own count of rows and the time come out.
 */

import { ADMIN_TOKEN, type Local } from './local.ts'

export interface Meter {
  statements: number
  /** `meta.rows_read` and `meta.rows_written`, as D1 bills them. */
  read: number
  written: number
}

export interface Bill extends Meter {
  ms: number
}

/** Runs a job of `metered.ts`. */
export async function bill({ url }: Local, job: string, body?: unknown): Promise<Bill> {
  const response = await fetch(new URL(`/bench/${job}`, url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify(body ?? null),
  })
  if (!response.ok) throw new Error(`${job}: ${await response.text()}`)
  return (await response.json()) as Bill
}
