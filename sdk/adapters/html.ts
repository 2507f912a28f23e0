/**
 * The script tag in HTML on its way through: a stream of bytes goes in, the same with the tag behind `<head>` comes out.
 * Nothing waits but what comes before the end of `<head>`, and no byte of the page changes.
 */

/** Bytes within which `<head>` is looked for; a page without one stays as it is. */
const MAX_HEAD = 16_384

/** The attributes of the tag; what is undefined is left out. */
export function scriptTag(src: string, attributes: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries({ src, ...attributes }).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}="${value.replace(/&/g, '&amp;').replace(/"/g, '&quot;')}"`,
  )
  return `<script async ${given.join(' ')}></script>`
}

/** Puts `html` behind the first `<head ...>`. */
export function insertIntoHead(html: string): TransformStream<Uint8Array, Uint8Array> {
  let waiting: Uint8Array | null = new Uint8Array()
  return new TransformStream({
    transform(chunk, controller) {
      if (!waiting) return controller.enqueue(chunk)
      const joined: Uint8Array = new Uint8Array(waiting.length + chunk.length)
      joined.set(waiting)
      joined.set(chunk, waiting.length)
      // One character a byte: places in the text are places in the bytes.
      const text = new TextDecoder('latin1').decode(joined)
      const head = /<head(\s[^>]*)?>/i.exec(text)
      waiting = joined
      if (!head && joined.length < MAX_HEAD && !/<body[\s>]/i.test(text)) return
      waiting = null
      const at = head ? head.index + head[0].length : joined.length
      controller.enqueue(joined.subarray(0, at))
      if (head) controller.enqueue(new TextEncoder().encode(html))
      controller.enqueue(joined.subarray(at))
    },
    flush(controller) {
      if (waiting?.length) controller.enqueue(waiting)
    },
  })
}

/** True where a tag can be put into it: HTML that nobody has compressed yet. */
export function isOpenHtml({ headers, body }: Response): boolean {
  return (
    body !== null &&
    /^text\/html\b/i.test(headers.get('Content-Type') ?? '') &&
    !headers.has('Content-Encoding')
  )
}

/** The answer with `html` behind its `<head>`. Its bytes are others then; what they say is the same. */
export function withHead(
  response: Response,
  html: string,
  headers = new Headers(response.headers),
): Response {
  headers.delete('Content-Length')
  const etag = headers.get('ETag')
  if (etag && !etag.startsWith('W/')) headers.set('ETag', `W/${etag}`)
  const { status, statusText } = response
  return new Response(response.body?.pipeThrough(insertIntoHead(html)), { status, statusText, headers })
}

/** The tag with what the page says of itself as `data-` attributes. */
export function dataTag(
  src: string,
  nonce: string | undefined,
  data: Readonly<Record<string, string | undefined>>,
): string {
  const entries = Object.entries(data).map(([name, value]) => [`data-${name}`, value] as const)
  return scriptTag(src, { nonce, ...Object.fromEntries(entries) })
}
