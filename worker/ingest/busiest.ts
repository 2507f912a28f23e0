/**
 * How many beacons the address that sent most has sent: a count that is never too low. No address is kept, not even in
 * memory.
 *
 * A count-min sketch: each address counts in one cell of each row, and the lowest of its cells is at least what it sent.
 * Addresses that share all of their cells are taken for one. With ten beacons each of 1,000 addresses the count is
 * some 20 too high.
 *
 * @see https://doi.org/10.1016/j.jalgor.2003.12.001 Cormode and Muthukrishnan, An improved data stream summary
 */

const SKETCH_ROWS = 2
const SKETCH_CELLS = 1_024

/** Begins anew; `seed` makes the cells of an address differ between isolates. */
export function busiest(seed: number): (address: string) => number {
  const cells = new Uint32Array(SKETCH_ROWS * SKETCH_CELLS)
  let most = 0
  return address => {
    const hash = hashOf(address, seed)
    const places = [hash % SKETCH_CELLS, SKETCH_CELLS + ((hash >>> 16) % SKETCH_CELLS)]
    const counts = places.map(place => {
      const count = (cells[place] ?? 0) + 1
      cells[place] = count
      return count
    })
    most = Math.max(most, Math.min(...counts))
    return most
  }
}

/** FNV-1a with a last mix, so that its halves differ where texts do. A chosen collision could only raise the count. */
function hashOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
