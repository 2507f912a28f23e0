/**
 * Webhooks over HTTP: `GET` and `POST /v1/sites/shop/webhooks`, `PUT` and `DELETE .../<id>`, `POST .../<id>/test`.
 */

import { asc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import {
  MAX_WEBHOOKS,
  type NewWebhookAnswer,
  PAGERDUTY,
  WEBHOOK,
  type Webhook,
  type WebhookAnswer,
  type WebhooksAnswer,
  type WebhookTestAnswer,
} from '../../schema/api/webhooks.ts'
import { budgets, type WebhookRow, webhooks } from '../../schema/storage/tables.ts'
import { checkAddress, readJson } from '../admin/body.ts'
import { isItem, noItem, oneTooMany } from '../admin/item.ts'
import { randomHex } from '../admin/secret.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField } from '../problem.ts'
import { existingSite } from '../site/sites.ts'
import { limited } from '../store/limited.ts'
import { newSecret } from './signature.ts'
import { isDone, send } from './webhook.ts'

/** What belongs to `/v1/sites/:site/webhooks`; the admin's. */
export const webhookRoutes = new Hono<Types>()
  .get('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    return c.json({ data: (await list(d1, site)).map(show) } satisfies WebhooksAnswer, 200, PRIVATE)
  })
  .post('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const given = await checked(c, site, d1)
    const secret = given.kind === 'standard' ? newSecret() : null
    const row = {
      site,
      id: randomHex(6),
      created: Date.now(),
      ...toRow(given),
      secret: secret ?? `${given.routing_key}`,
    }
    const [made] = await drizzle(d1)
      .insert(webhooks)
      .select(limited(webhooks, row, MAX_WEBHOOKS))
      .returning()
    if (!made) throw oneTooMany(c, 'webhook', MAX_WEBHOOKS)
    // Shown once: what is sent is signed by it.
    return c.json({ ...show(made), secret } satisfies NewWebhookAnswer, 201, { 'Cache-Control': 'no-store' })
  })
  .put('/:id', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const [before] = await drizzle(d1).select().from(webhooks).where(isItem(webhooks, c))
    if (!before) throw noItem(c, 'webhook')
    const given = await checked(c, site, d1, before.budgets)
    if (before.kind !== given.kind) throw badField({ field: 'kind', detail: `must stay ${before.kind}` })
    const secret = given.routing_key ?? before.secret
    const [changed] = await drizzle(d1)
      .update(webhooks)
      .set({ ...toRow(given), secret })
      .where(isItem(webhooks, c))
      .returning()
    if (!changed) throw noItem(c, 'webhook')
    return c.json(show(changed), 200, PRIVATE)
  })
  .delete('/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [deleted] = await drizzle(d1).delete(webhooks).where(isItem(webhooks, c)).returning()
    if (!deleted) throw noItem(c, 'webhook')
    return c.body(null, 204, PRIVATE)
  })
  .post('/:id/test', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const [webhook] = await drizzle(d1).select().from(webhooks).where(isItem(webhooks, c))
    if (!webhook) throw noItem(c, 'webhook')
    const text = `${site}: a test of the webhook. Nothing is wrong.`
    const now = Date.now()
    const at = new Date(now).toISOString()
    const body = { type: 'test', timestamp: at, text, content: text, site, state: 'test', at }
    const status = await send(webhook, `msg_test_${now.toString(36)}`, JSON.stringify(body), now)
    return c.json({ delivered: isDone(status), status } satisfies WebhookTestAnswer, 200, PRIVATE)
  })

/**
 * The body, whose address this worker may be sent to, and whose budgets are there. Those that the webhook was told of `before` may be
 * gone: what was read can be written.
 */
async function checked(
  c: Context<Types>,
  site: string,
  d1: D1Database,
  before: WebhookRow['budgets'] = null,
): Promise<Webhook> {
  const given = await readJson(c, WEBHOOK)
  if (given.url) checkAddress(c, given.url)
  if (given.budgets) {
    const rows = await drizzle(d1).select({ id: budgets.id }).from(budgets).where(eq(budgets.site, site))
    const known = new Set([...rows.map(({ id }) => id), ...(before ?? [])])
    const strange = given.budgets.findIndex(id => !known.has(id))
    if (strange >= 0) throw badField({ field: `budgets.${strange}`, detail: `is no budget of site ${site}` })
  }
  return given
}

function toRow({ kind, url = PAGERDUTY, budgets }: Webhook) {
  return { kind, url, budgets }
}

function show({ id, kind, url, budgets }: WebhookRow): WebhookAnswer {
  return { id, kind, url, budgets }
}

/** The oldest first. Key: (site). */
function list(d1: D1Database, site: string): Promise<WebhookRow[]> {
  return drizzle(d1)
    .select()
    .from(webhooks)
    .where(eq(webhooks.site, site))
    .orderBy(asc(webhooks.created), asc(webhooks.id))
}
