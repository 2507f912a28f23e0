/**
 * The body of a request as text, up to a limit: bytes are counted as they come, and the first one too many ends it.
 */

import { problem } from './problem.ts'

/** The most bytes of a body of the API. */
export const MAX_BODY = 65_536

/** Throws a 413 that says what is at most `max` bytes long: `A beacon`. */
export async function readText(request: Request, max = MAX_BODY, what = 'A body'): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > max) throw problem(413, `${what} is at most ${max} bytes long.`, { field: 'body' })
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
