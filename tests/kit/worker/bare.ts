/** The least that a worker can do with a beacon: insert its body as one row. What ingest is measured against. */

export default {
  async fetch(request: Request, env: { DB: D1Database }): Promise<Response> {
    const body = await request.text()
    await env.DB.prepare(
      'INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, calls) VALUES (?, ?, ?, ?, 0, 1, ?, ?, ?, ?)',
    )
      .bind('shop', 1, crypto.randomUUID(), Date.now(), 'navigate', '/', 'desktop', body)
      .run()
    return new Response(null, { status: 204 })
  },
}
