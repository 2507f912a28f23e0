/**
 * Angular's zones, which the SDK stays out of: zone.js counts timers and runs of listeners, and has the page checked for changes after each.
 *
 * @see https://angular.dev/api/core/NgZone
 */

declare global {
  interface Window {
    readonly Zone?: { readonly root?: { run?(act: () => unknown): unknown } }
  }
}

/** Does something outside of all zones, where there are any: timers and listeners belong to the zone that makes them. */
export function outside(act: () => unknown): void {
  const root = window.Zone?.root
  if (root?.run) root.run(act)
  else act()
}
