/**
 * The body of a request as text, up to a limit: bytes are counted as they come, and the first one too many ends it.
 */

import { HTTPException } from 'hono/http-exception'
import { badField, problem } from './problem.ts'

/** The most bytes of a body of the API. */
export const MAX_BODY = 65_536

/** Throws a 413 that says what is at most `max` bytes long: `A beacon`; a 400 where the sender breaks off. */
export async function readText(request: Request, max = MAX_BODY, what = 'A body'): Promise<string> {
  checkCoding(request)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let bytes = 0
  let text = ''
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > max) break
      text += decoded(decoder, chunk)
    }
  } catch (error) {
    if (error instanceof HTTPException) throw error
    // "Network connection lost", as of a database.
    throw badField({ field: 'body', detail: 'ends before its end' })
  }
  if (bytes > max) throw problem(413, `${what} is at most ${max} bytes long.`, { field: 'body' })
  return text + decoded(decoder)
}

/** Letters of another charset would be stored as U+FFFD. */
function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined })
  } catch {
    throw badField({ field: 'body', detail: 'is not UTF-8' })
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding */
function checkCoding({ headers }: Request): void {
  const coding = headers.get('Content-Encoding') ?? 'identity'
  if (/^identity$/i.test(coding)) return
  throw problem(415, `A body is sent as it is, not by ${coding}.`, {
    field: 'body',
    headers: { 'Accept-Encoding': 'identity' },
  })
}
