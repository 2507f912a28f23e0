/**
 * From an error's message to what is kept of it: the name of the error and the plain words up to the first value. So errors
 * of one kind have one message, and no visitor's data is in it. The browser does it before anything leaves; the worker does
 * it again.
 *
 * A value is quoted text, a number, an address, whatever comes after a colon, a word with other letters than a to z, and each
 * word that stands in `secrets`, where a browser puts what is in forms and in the query. The query's `type` is no part of
 * `TypeError`: messages that change with the address would be errors of their own.
 *
 *     TypeError: Cannot read properties of undefined (reading 'total')
 *     TypeError: Cannot read properties of undefined (reading
 */

/** The longest message that is kept. */
export const MAX_MESSAGE = 160
/** More is not read of a message, and with more secrets none of it, in characters. */
const MAX_READ = 299
const MAX_SECRETS = 20_000

/** Without the first value and what follows. `secrets` is any text. */
export function plainWords(message: string, secrets: string): string {
  const text = message
    .slice(0, secrets[MAX_SECRETS] ? 0 : MAX_READ)
    // A part of a secret is one, too; a word of two letters only by itself. No plain word holds a digit.
    .replace(/[a-z]+/gi, word => (RegExp(word[2] ? word : `\\b${word}\\b`, 'i').test(secrets) ? '0' : word))
  return /^(?:[a-z.,;()\s]|Error:|\b'\b)*(?!\S)/i.exec(text)?.[0] ?? ''
}

/** The same of all browsers. Nothing is put in the place of a value, so what is done twice changes nothing. */
export function plainMessage(message: string): string {
  return plainWords(message.replace(/^Uncaught /, ''), '')
    .trim()
    .slice(0, MAX_MESSAGE)
    .trim()
}
