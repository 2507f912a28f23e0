/**
 * PagerDuty's Events API v2: a message becomes the event that opens or closes an alert. All changes of
 * one budget have one `dedup_key`, so that its recovery closes what its breach has opened.
 *
 * @see https://developer.pagerduty.com/docs/send-alert-event
 */

import type { BudgetMessage } from '../../schema/api/budget-messages.ts'

/** The longest summary that PagerDuty keeps. */
const MAX_SUMMARY = 1024

type Told = Pick<BudgetMessage, 'text' | 'site' | 'at'> & Partial<BudgetMessage>

/** The body of an event for the integration of that key. */
export function eventOf(routingKey: string, told: Told): object {
  const { text, content: _, site, at, state, budget, ...figures } = told
  const isOver = state === 'breached'
  return {
    routing_key: routingKey,
    event_action: isOver || budget === undefined ? 'trigger' : 'resolve',
    dedup_key: `fieldline/${site}/${budget ?? 'test'}`,
    client: 'fieldline',
    payload: {
      summary: text.slice(0, MAX_SUMMARY),
      source: `fieldline/${site}`,
      severity: budget === undefined ? 'info' : 'error',
      timestamp: at,
      component: figures.route ?? figures.endpoint ?? site,
      class: figures.metric ?? 'test',
      custom_details: figures,
    },
  }
}
