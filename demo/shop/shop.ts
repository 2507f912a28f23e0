/**
 * The demo shop's server under `/demo/api`: products, pictures, cart and checkout. It keeps nothing; a cart arrives
 * whole and leaves priced. Two query knobs make any call misbehave: `?delay=1500` (ms) and `?fail=500` (status).
 */

import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { heroPicture, productPicture } from './pictures.ts'
import { findProduct, PRODUCTS } from './products.ts'

/** The longest that a knob may delay an answer, in ms. */
const MAX_DELAY = 10_000

export const shop = new Hono().basePath('/demo/api')

shop.use(async (c, next) => {
  const delay = Number(c.req.query('delay') ?? 0)
  if (delay > 0) await new Promise(resolve => setTimeout(resolve, Math.min(delay, MAX_DELAY)))
  const status = Number(c.req.query('fail') ?? 0)
  if (status >= 400 && status <= 599) {
    return c.json({ error: 'failed on purpose' }, status as ContentfulStatusCode)
  }
  await next()
  c.header('Cache-Control', 'private, max-age=0, must-revalidate')
})

shop.get('/hero.svg', () => picture(heroPicture()))

shop.get('/products', c => {
  const category = c.req.query('category')
  return c.json(PRODUCTS.filter(product => !category || product.category === category))
})

shop.get('/products/:id', c => {
  const product = findProduct(Number(c.req.param('id')))
  return product ? c.json(product) : c.json({ error: 'no such product' }, 404)
})

shop.get('/pictures/:id', c => {
  const product = findProduct(Number.parseInt(c.req.param('id'), 10))
  return product ? picture(productPicture(product)) : c.notFound()
})

/** Prices a cart: `{ "items": { "3": 2 } }` (product id -> quantity). */
shop.post('/cart', async c => c.json(price(await c.req.json())))

shop.post('/checkout', async c => {
  const { lines, total } = price(await c.req.json())
  if (!lines.length) return c.json({ error: 'the cart is empty' }, 422)
  const checksum = lines.reduce((sum, line) => (sum * 31 + line.id * 7 + line.quantity) % 9000, 1)
  return c.json({ order: `F-${1000 + checksum}`, total })
})

function price(cart: unknown) {
  const items = (cart as { items?: Record<string, number> } | null)?.items ?? {}
  const lines = Object.entries(items).flatMap(([id, quantity]) => {
    const product = findProduct(Number(id))
    if (!product || !(quantity > 0)) return []
    return [{ id: product.id, name: product.name, quantity, total: product.price * quantity }]
  })
  return { lines, total: lines.reduce((sum, line) => sum + line.total, 0) }
}

function picture(svg: string): Response {
  return new Response(svg, {
    headers: { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'private, max-age=0' },
  })
}
