/**
 * Nothing of the SDK throws into the page: here is where its errors end.
 */

/** The same function, which answers nothing where it throws. */
export function quietly<A extends unknown[], R>(act: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return act(...args)
    } catch {}
    return
  }
}
