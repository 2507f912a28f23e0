/**
 * One export at a time into a file. Two would write into each other's part (export/part), so the second says so and ends.
 *
 * `views.parquet.lock` says who writes. Where that process was killed, or its machine has fallen silent, the next takes its place.
 */

import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { MINUTE } from '../../schema/domain/hour.ts'
import { misuse } from '../failure.ts'

/** How often a running export says that it runs, in ms. */
const BEAT = MINUTE
/** The silence after which an export of another machine has ended, in ms. */
const MAX_SILENCE = 5 * MINUTE

/** Does the work while no other export writes to `out`. */
export async function alone(out: string, work: () => Promise<void>): Promise<void> {
  const lock = `${out}.lock`
  const own = `${process.pid} ${hostname()}`
  if (await isHeld(lock, own)) {
    throw misuse(
      `Another export writes ${out}: wait for it, or name another file. If none does, remove ${lock}.`,
    )
  }
  const beat = setInterval(() => utimes(lock, new Date(), new Date()).catch(() => {}), BEAT)
  try {
    await work()
  } finally {
    clearInterval(beat)
    await rm(lock, { force: true })
  }
}

/** Takes the lock, or answers true where another has it. */
async function isHeld(lock: string, own: string): Promise<boolean> {
  const take = () =>
    writeFile(lock, own, { flag: 'wx' }).then(
      () => true,
      error => {
        if (error.code !== 'EEXIST') throw error
        return false
      },
    )
  if (await take()) return false
  if (await isRunning(lock)) return true
  await rm(lock, { force: true })
  return !(await take())
}

async function isRunning(lock: string): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => null)
  const { mtimeMs } = (await stat(lock).catch(() => null)) ?? {}
  // It has ended in between.
  if (text === null || mtimeMs === undefined) return false
  const [pid, host] = text.split(' ')
  if (host !== hostname()) return Date.now() - mtimeMs < MAX_SILENCE
  return Number(pid) !== process.pid && isProcess(Number(pid))
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // There is one, of another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
