/**
 * The way of a message to a webhook: signed, sent, and tried again for some hours where it does not arrive.
 */

import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { badWebhook } from '../../schema/api/webhook-address.ts'
import { HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { messages, type WebhookRow, webhooks } from '../../schema/storage/tables.ts'
import { eventOf } from './pagerduty.ts'
import { signed } from './signature.ts'

type Message = typeof messages.$inferSelect

/** ms until the next attempt, after each that failed; then the message is given up. */
const RETRY_DELAYS = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR]
/** How long a receiver may take, in ms. */
const WEBHOOK_TIMEOUT = 5 * SECOND

/**
 * Tries a message once; it goes when it has arrived, when it is given up, or when its webhook is gone. Answers false
 * where the webhook did not take it.
 */
export async function deliver(d1: D1Database, message: Message, now: Ms): Promise<boolean> {
  const { site, at, budget, webhook: id, attempts } = message
  const db = drizzle(d1)
  const one = and(
    eq(messages.site, site),
    eq(messages.at, at),
    eq(messages.budget, budget),
    eq(messages.webhook, id),
  )
  const [webhook] = await db
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.site, site), eq(webhooks.id, id)))
  const status = webhook && (await send(webhook, `msg_${budget}_${at.toString(36)}`, message.body, now))
  const delay = RETRY_DELAYS[attempts]
  if (!webhook || isDone(status) || delay === undefined) {
    if (webhook && !isDone(status)) console.error(`webhook ${id} of ${site} was given up: ${status}`)
    await db.delete(messages).where(one)
    return !webhook || isDone(status)
  }
  await db
    .update(messages)
    .set({ attempts: attempts + 1, due: now + delay })
    .where(one)
  return false
}

/**
 * Posts a message, whose id is `id`, to a webhook; answers the status, or what went wrong. Redirects are not
 * followed, and of the answer nothing but the status is read. An address that may not be one is refused again: it may be from
 * before that was looked at.
 */
export async function send(
  { kind, url, secret }: Pick<WebhookRow, 'kind' | 'url' | 'secret'>,
  id: string,
  told: string,
  now: Ms,
): Promise<number | string> {
  const bad = badWebhook(url)
  if (bad) return `the address ${bad}`
  try {
    const isEvent = kind === 'pagerduty'
    const body = isEvent ? JSON.stringify(eventOf(secret, JSON.parse(told))) : told
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'fieldline',
        ...(!isEvent && (await signed(secret, id, Math.floor(now / SECOND), body))),
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(WEBHOOK_TIMEOUT),
    })
    await response.body?.cancel()
    return response.status
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function isDone(status: number | string | undefined): boolean {
  return typeof status === 'number' && status >= 200 && status < 300
}
