/** How a command fails: a sentence for the person, and the code that the program exits with. */

/** Exit codes: 0 is success. */
export const REQUEST_FAILED = 1
export const MISUSED = 2
/** `fieldline check`: a budget is breached, or a metric has become slower. */
export const BREACHED = 3
/** `fieldline check`: there is too little data to tell. */
export const TOO_LITTLE = 4

/** The command line is wrong; `detail` says how to write it. */
export function misuse(detail: string): Error {
  return Object.assign(new Error(detail), { exitCode: MISUSED })
}

/** fieldline could not be asked, or refused with this HTTP status. */
export function refused(detail: string, status?: number): Error {
  return Object.assign(new Error(detail), { exitCode: REQUEST_FAILED, status })
}

/** The HTTP status that fieldline refused with; undefined where it never answered. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && error.status ? Number(error.status) : undefined
}

/** The exit code of a failure; whatever nobody foresaw is a failed request. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : REQUEST_FAILED
}

/** Whoever read the output has gone, as `head` does once it has its lines: nothing is wrong, and there is nobody to tell. */
export function isPipeClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
