/**
 * A receiver of webhooks and of metrics, outside of workerd: what a worker sends to any address arrives here. The path tells
 * the status that it answers, `/500`, and `?answer=` the text; `GET /received?of=<path>` answers what came there.
 */

interface Received {
  path: string
  headers: Record<string, string>
  body: string
}

const received: Received[] = []

export async function receive(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/received')
    return Response.json(received.filter(({ path }) => path === searchParams.get('of')))
  received.push({
    path: pathname,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  })
  return new Response(searchParams.get('answer'), { status: Number(pathname.split('/')[1]) || 200 })
}
