/**
 * The worker's log: one line for a failure, without anything of a visitor.
 *
 * Drizzle puts the values of a statement into the message of its error. They are a page view, or the hash of a token.
 * Cloudflare keeps the log for days, so neither they nor tokens are written.
 */

/** `fl_shop_0123456789ab_...`, `key=...` and `Bearer ...`, wherever an error quotes them. */
const SECRET = /\bfl_[a-z0-9-]+_[0-9a-f]{12}_[0-9a-f]{40}\b|(?<=[?&]key=)[^&\s]+|(?<=\bBearer )\S+/gi
/** Errors that wrap each other, at most. */
const MAX_CAUSES = 5

/** Logs that something failed, and why. */
export function logError(what: string, error: unknown): void {
  console.error(what, describeError(error))
}

/** The messages of an error and of its causes, and where it was thrown; no value of a statement, and no secret. */
export function describeError(error: unknown): string {
  const texts: string[] = []
  let cause = error
  while (cause instanceof Error && texts.length < MAX_CAUSES) {
    texts.push(`${cause.name}: ${messageOf(cause)}`)
    cause = cause.cause
  }
  if (!texts.length) texts.push(String(error))
  return `${texts.join('; caused by ')}${placeOf(error)}`.replace(SECRET, '[secret]')
}

/** Drizzle's error has the statement beside its message, with `?` where the values are. */
function messageOf(error: Error): string {
  return 'query' in error && 'params' in error ? `Failed query: ${error.query}` : error.message
}

/** The lines of the stack; its head is the message again. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const lines = stack.split('\n').filter(line => /^\s+at .*(:\d+:\d+\)?|<anonymous>\)?)$/.test(line))
  return lines.length ? `\n${lines.join('\n')}` : ''
}
