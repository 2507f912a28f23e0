/** The built CLI as a child process, as a terminal or a CI job runs it. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'

export const CLI = join(import.meta.dirname, '../../dist/cli.js')

export interface Ran {
  code: number
  out: string
  /** Standard error. */
  said: string
}

/** Runs `fieldline <args>` with nothing in its environment but `env`. */
export function cli(
  args: string[],
  env: Record<string, string> = {},
  cwd = import.meta.dirname,
): Promise<Ran> {
  return new Promise(resolve => {
    execFile(process.execPath, [CLI, ...args], { env, cwd, maxBuffer: 100_000_000 }, (error, out, said) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, said })
    })
  })
}

/** Runs what must succeed, for its standard output. */
export function succeeding(cli: (...args: string[]) => Promise<Ran>): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const { code, out, said } = await cli(...args)
    if (code !== 0) throw new Error(`fieldline ${args.join(' ')} ended with ${code}: ${said}`)
    return out
  }
}
