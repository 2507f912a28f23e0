/** A part of the page that is drawn anew only where what it depends on changes: how to make it goes in, it comes out. */

import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'

/**
 * Preact knows by its own number that it has drawn a part before. It is handed a copy: the part itself would be held by its first
 * parent, and with it every tree that it was ever drawn in (measured on the overview: 340 KB a minute).
 */
export function useDrawn<T extends VNode | false>(make: () => T, deps: readonly unknown[]): T {
  const part = useMemo(make, deps)
  return part && { ...part }
}
