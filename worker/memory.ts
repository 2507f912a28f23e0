/**
 * Bounded maps: what an isolate remembers. A flood of new entries pushes out the oldest, and never all at once: whoever can fill a
 * memory could otherwise empty it.
 */

/** One in so many entries of a full memory makes room at once: looking for the oldest entry each time would cost more. */
const ROOM_SHARE = 8

/** Sets an entry as the newest of `map`, which holds at most `most` afterwards. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key)
  if (map.size >= most) {
    let gone = Math.ceil(most / ROOM_SHARE)
    for (const oldest of map.keys()) {
      if (gone-- === 0) break
      map.delete(oldest)
    }
  }
  map.set(key, value)
}
