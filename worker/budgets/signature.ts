/**
 * Standard Webhooks: the headers that say who sent a message, when, and which one it is. A receiver checks them with a library
 * of its language.
 *
 * `webhook-id` is that of the message, however often it is sent. `webhook-timestamp` is the attempt's, in Unix seconds.
 * `webhook-signature` is `v1,<base64>`: the HMAC-SHA256 of `<id>.<timestamp>.<body>` under what the secret holds behind `whsec_`.
 *
 * `Fieldline-Signature: t=<Unix s>,v1=<hex>` is the one of before, of `<t>.<body>` under the secret's text.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { hmac, hmacKey, toHex } from '../bytes.ts'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** A new secret. */
export function newSecret(): string {
  return PREFIX + toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))
}

/** The headers of a message. */
export async function signed(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Promise<Record<string, string>> {
  const text = new Uint8Array(await hmac(await hmacKey(secret), `${seconds}.${body}`))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${await signatureOf(secret, id, seconds, body)}`,
    'Fieldline-Signature': `t=${seconds},v1=${toHex(text)}`,
  }
}

export async function signatureOf(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.slice(PREFIX.length)), char => char.charCodeAt(0))
  return toBase64(new Uint8Array(await hmac(await hmacKey(bytes), `${id}.${seconds}.${body}`)))
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
