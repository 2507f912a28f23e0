/**
 * Nothing of the SDK throws into the page: here is where its errors end.
 */

/** The same function, which answers nothing where it throws. */
export function quietly<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      act(...args)
    } catch {}
  }
}
