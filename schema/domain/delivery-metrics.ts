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

/** True for what a budget promises as a share of 0 to 1, which has no percentile. `errors`: of page views with an uncaught error. */
export function isShare(name: string): name is DeliveryMetric | 'errors' {
  return name === 'errors' || isDeliveryMetric(name)
}

/** `5.2%`: a share, as a budget's message and list write it. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}
