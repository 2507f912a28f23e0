/**
 * `GET /healthz`: what is answered where the worker and its database are well.
 */

import * as v from 'valibot'

export const HEALTH_ANSWER = v.object({
  status: v.literal('ok'),
  database_ms: v.pipe(v.number(), v.integer(), v.description('how long D1 took to answer')),
})
export type HealthAnswer = v.InferOutput<typeof HEALTH_ANSWER>
