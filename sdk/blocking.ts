/**
 * How long scripts kept the page from answering its visitor, by the hosts that they came from: long animation frames come in,
 * sums go out with their page view. The core is built without this file.
 *
 * A frame blocks for what its tasks take beyond 50 ms each. Each script has the share of it that it has of the frame. Style,
 * layout and scripts of less than 5 ms, which the browser does not name, have the rest.
 *
 * @see https://w3c.github.io/long-animation-frames/
 */

import { MAX_HOSTS } from '../schema/wire/beacon.ts'
import { shorten } from './address.ts'
import { navigationEntry } from './navigation.ts'
import { at } from './views.ts'

/** Adds a frame to its page view. It counts for the time before the load if it began there. */
export function addBlocking(frame: PerformanceLongAnimationFrameTiming): void {
  const { startTime, blockingDuration, scripts } = frame
  // Of a click that leads to the next page view the frame may begin before the click.
  const view = at(startTime + frame.duration)
  // Before a prerendered page is shown, nobody waits for it.
  if (!view || startTime + frame.duration < view._origin) return
  const loaded = view._start ? 0 : navigationEntry()?.loadEventEnd || startTime
  const when = startTime > loaded ? 1 : 0
  const { _page: page, _hosts: hosts = [] } = view
  const { blocking: sums = [0, 0, []] } = page
  page.blocking = sums
  view._hosts = hosts
  sums[when] += blockingDuration
  for (const { sourceURL, duration } of scripts) {
    const name = shorten(sourceURL).replace(/\/.*/s, '')
    const host = hosts.find(([, , known]) => known === name) ?? [0, 0, name]
    if (!hosts.includes(host)) hosts.push(host)
    host[when] += (blockingDuration * duration) / frame.duration
  }
  sums[2] = hosts.sort((a, b) => b[0] + b[1] - a[0] - a[1]).slice(0, MAX_HOSTS)
}
