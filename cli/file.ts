/**
 * The files that a command writes. Whether it may write one is checked before it asks the worker, and the error names the option.
 */

import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Given, one } from './command.ts'
import { misuse } from './failure.ts'

/** Throws a misuse where the file that an option names cannot be written. Writes nothing. */
export async function checkWritable(given: Given, ...options: string[]): Promise<void> {
  for (const option of options) {
    const file = one(given, option)
    const detail = file === undefined ? null : await faultOf(file)
    if (detail) throw misuse(`--${option}: ${detail}`)
  }
}

async function faultOf(file: string): Promise<string | null> {
  if (!file) return 'name a file.'
  const found = await stat(file).catch(() => null)
  if (found?.isDirectory()) return `${file} is a folder: name a file in it.`
  const folder = dirname(file)
  const isFolder = (await stat(folder).catch(() => null))?.isDirectory()
  if (!isFolder) return `there is no folder ${folder}: make it first.`
  const isWritable = await access(found ? file : folder, constants.W_OK).then(
    () => true,
    () => false,
  )
  return isWritable ? null : `${file} must not be written by this user.`
}
