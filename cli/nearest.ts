/** What a person probably meant by a mistyped word: the nearest of the known ones. */

/** Letters that may differ. */
const SLIPS = 2

/** The known word that differs from `word` by at most two letters, and no more than half of its own; undefined where none does. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(name => ({ name, slips: slipsOf(word, name) }))
    .filter(({ name, slips }) => slips <= Math.min(SLIPS, name.length / 2))
    .sort((a, b) => a.slips - b.slips)
  return best?.name
}

/** Letters to add, drop or change (Levenshtein), row by row. */
function slipsOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
