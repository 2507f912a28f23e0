/**
 * The lines of NDJSON. Node's readline also ends a line at U+2028 and U+2029, which JSON has within its texts: one page's
 * name would break the file that it is in.
 *
 * @see https://nodejs.org/api/readline.html#event-line
 */

/** Each line without its end, and what stands behind the last end. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest) yield rest
}
