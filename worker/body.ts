/**
 * The body of a request as text, up to a limit: bytes are counted as they come, and the first one too many ends it.
 */

import { badField, problem } from './problem.ts'

/** The most bytes of a body of the API. */
export const MAX_BODY = 65_536

/** Throws a 413 that says what is at most `max` bytes long: `A beacon`; a 400 where the sender breaks off. */
export async function readText(request: Request, max = MAX_BODY, what = 'A body'): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > max) break
      text += decoder.decode(chunk, { stream: true })
    }
  } catch {
    // "Network connection lost", as of a database.
    throw badField({ field: 'body', detail: 'ends before its end' })
  }
  if (bytes > max) throw problem(413, `${what} is at most ${max} bytes long.`, { field: 'body' })
  return text + decoder.decode()
}
