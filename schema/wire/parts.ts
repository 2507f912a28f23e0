/**
 * What a vital's time was spent on: times of a page view come in, as browsers send them, parts of the vital go out. The script
 * holds no code for it.
 */

/**
 * The three parts of the time between `from` and `to`, by when the second begins and ends, in ms. Of whole numbers: so their sum is
 * the rounded vital, as in web-vitals' attribution build. What begins early or ends late is cut.
 */
export function partsOf(from: number, begin: number, end: number, to: number): [number, number, number] {
  let last = from
  const until = (time: number): number => {
    const before = last
    last = Math.max(last, Math.min(time, to))
    return last - before
  }
  return [until(begin), until(end), until(to)]
}
