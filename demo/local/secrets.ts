/** The token of a local fieldline: a file of `NAME=value` lines, as wrangler reads it. */

import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

/** The ADMIN_TOKEN in `file`; undefined where there is none. */
export function readToken(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  const line = /^\s*ADMIN_TOKEN\s*=\s*(.*?)\s*$/m.exec(readFileSync(file, 'utf8'))?.[1]
  return line?.replace(/^(["'])(.*)\1$/, '$2') || undefined
}

/** The ADMIN_TOKEN in `file`. Where there is none, a random one is written, readable by this user only. */
export function ensureToken(file: string): string {
  const known = readToken(file)
  if (known) return known
  const token = randomBytes(24).toString('hex')
  if (existsSync(file)) appendFileSync(file, `\nADMIN_TOKEN=${token}\n`)
  else writeFileSync(file, `ADMIN_TOKEN=${token}\n`, { mode: 0o600 })
  return token
}
