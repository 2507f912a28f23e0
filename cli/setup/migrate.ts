/**
 * Applies the migrations to every D1 database of wrangler.toml whose binding is `DB`, `DB_2`, ...; part of `npm run deploy`.
 *
 *     node cli/setup/migrate.ts --remote
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wrangler } from './program.ts'

/** The bindings of the databases, as wrangler.toml names them. */
export function databasesIn(toml: string): string[] {
  return toml
    .split(/^(?=\[)/m)
    .filter(section => section.startsWith('[[d1_databases]]'))
    .flatMap(section => /^binding\s*=\s*["'](DB(?:_\d+)?)["']/m.exec(section)?.[1] ?? [])
}

/** Migrates them one after the other; answers what wrangler said. */
export async function migrate(args: readonly string[]): Promise<string> {
  const toml = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')
  let said = ''
  for (const name of databasesIn(toml)) said += await wrangler(['d1', 'migrations', 'apply', name, ...args])
  return said
}

if (import.meta.main) {
  try {
    console.log(await migrate(process.argv.slice(2)))
  } catch (error) {
    process.exitCode = 1
    console.error(error instanceof Error ? error.message : error)
  }
}
