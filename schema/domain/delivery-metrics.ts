/**
 * What a budget may promise of the delivery of beacons: shares of 0 to 1 over its window, as `/v1/delivery` counts them.
 */

export const DELIVERY_METRICS = [
  'delivery:lost',
  'delivery:refused',
  'delivery:failed',
  'delivery:bots',
  'delivery:busiest',
] as const
export type DeliveryMetric = (typeof DELIVERY_METRICS)[number]

export function isDeliveryMetric(name: string): name is DeliveryMetric {
  return (DELIVERY_METRICS as readonly string[]).includes(name)
}

/** Shares of what visitors did: of page views with an uncaught error, of API calls that failed. */
export const VISITED_SHARES = ['errors', 'error_rate'] as const
type VisitedShare = (typeof VISITED_SHARES)[number]

/** True for what a budget promises as a share of 0 to 1, which has no percentile. */
export function isShare(name: string): name is DeliveryMetric | VisitedShare {
  return isDeliveryMetric(name) || (VISITED_SHARES as readonly string[]).includes(name)
}

/** A share of one address above this is worth a sentence. */
export const NOTABLE = 0.2

/** `5.2%`: a share, as a budget's message and list write it. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}
