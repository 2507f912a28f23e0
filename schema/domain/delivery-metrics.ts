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

/** `5.2%`: a share, as a budget's message and list write it. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}
