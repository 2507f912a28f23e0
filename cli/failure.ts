/** How a command fails: a sentence for the person, and the code that the program exits with. */

/** Exit codes: 0 is success. */
export const REQUEST_FAILED = 1
export const MISUSED = 2

/** The command line makes no sense; `see` is the command whose help explains. */
export function misuse(detail: string): Error {
  return Object.assign(new Error(detail), { exitCode: MISUSED })
}

/** fieldline could not be asked, or refused. */
export function refused(detail: string): Error {
  return Object.assign(new Error(detail), { exitCode: REQUEST_FAILED })
}

/** The exit code of a failure; whatever nobody foresaw is a failed request. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : REQUEST_FAILED
}
