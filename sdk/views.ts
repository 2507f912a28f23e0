/**
 * The page views of one document: its own load, each return from the back/forward cache, each change of path that the
 * visitor caused. What is observed finds here the page view to which it belongs, by time.
 */

import { MAX_MARKS } from '../schema/wire/beacon.ts'
import type { Navigation } from '../schema/wire/pageview.ts'
import { changed, SETTLED } from './change.ts'
import { listen } from './listen.ts'
import { navigationType } from './navigation.ts'
import { newView, type View } from './pageview.ts'
import type { Settings } from './settings.ts'
import { wrap } from './wrap.ts'

/** ms within which what the page does with its address is taken for the consequence of what the visitor did. */
const CAUSED = 10_000
/** ms after a scroll within which the address follows it: handlers of scrolling wait so long. */
const FOLLOWS = 300
/** Page views kept for what is reported late. */
const KEPT = 8

/** The rank of a mark, above all calls: none takes its place. */
const KEEP = 2

/** Oldest first. */
export const views: View[] = []
/** The one that lasts. */
export let current: View

let settings: Settings
/** What names the page now: path, and what the page is routed by beside it. */
let path: string

/** Begins with the page view of the load. */
export function trackViews(own: Settings): void {
  settings = own
  path = address()
  open(0, navigationType())._named = own.route
  for (const name in own) if (/^tag./.test(name)) tag(name.slice(3), own[name as `tag${string}`])

  // When the visitor last clicked or pressed a key, by the events with which browsers let soft navigations begin, or swiped;
  // and when the page last scrolled. What happened before the script came may be the cause of what comes.
  let acted = navigator.userActivation?.hasBeenActive ? performance.now() : 0
  let scrolled = 0
  for (const type of ['click', 'keydown', 'pointerup', 'scroll'])
    listen(type, ({ isTrusted, timeStamp, repeat }: KeyboardEvent) => {
      if (type === 'scroll') scrolled = timeStamp
      // A key that is held is pressed once.
      else if (!repeat && isTrusted) acted = timeStamp
    })

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one rule, and its exceptions
  const onMove = (how?: string | null): void => {
    const to = address()
    if (to === path) return
    path = to
    const now = performance.now()
    // The browser's own buttons are no events of the page.
    if (how === 'traverse' && acted) acted = now
    const soon =
      now - Math.max(acted, current._origin) < CAUSED && (now - scrolled > FOLLOWS || scrolled <= acted)
    if (acted > current._start && (soon || how === 'push'))
      // After a return from the cache, events of Chromium bear times that are ahead of the clock.
      open(soon ? acted : now, 'soft-navigation')._moved = Math.max(acted, now)
    else if (soon) {
      // A redirect: the page view has the name of where the visitor ends.
      current._path = path
      changed()
    }
  }
  const { navigation } = window
  // An element may bear the name.
  if (navigation?.currentEntry)
    navigation.addEventListener('currententrychange', event => onMove(event.navigationType))
  else {
    listen('popstate', () => onMove('traverse'))
    wrap(History.prototype, 'pushState', () => onMove('push'))
    wrap(History.prototype, 'replaceState', onMove)
  }
}

function address(): string {
  const { protocol, host, pathname, hash, search } = location
  const { routeBy = '' } = settings
  const part =
    routeBy === 'hash' ? hash : (new URLSearchParams(search).get(routeBy.slice('query:'.length)) ?? '')
  // Of `#!/users/5?token=...` the path alone. That of `data:` is all of the document, and that of `file:` names who owns it.
  return `${host ? pathname : protocol}/${part.replace(/^#?!?|[?&#=].*/gs, '')}`
}

/** Begins a page view at `start`, which is after the current one's. What came since is the new one's. */
export function open(start: number, navigation: Navigation): View {
  const before: View | undefined = current
  current = newView(start, navigation, path, settings, current)
  if (views.push(current) > KEPT) views.shift()
  if (before) {
    current._news = before._news.filter(one => one.start >= start)
    before._news = before._news.filter(one => one.start < start)
    current._page.dropped += current._news.filter(one => one.endpoint).length
    if (before._page.errors) current._page.errors = [0, []]
    if (navigation === 'back-forward-cache') current._named = before._named
  }
  changed(SETTLED)
  return current
}

/** The page view to which a time belongs. */
export function at(time: number): View | undefined {
  return views.filter(view => view._start <= time).pop()
}

/** Names the current route. A name that is given where the page has moved on by itself is not the page view's. */
export function name(route: string): void {
  if (current._path === path) current._named = `${route}` || current._named
  changed()
}

/** Says in the page's own words what the page view is, and those after it. */
export function tag(name: string, value?: unknown): void {
  current._tags[name] = `${value ?? ''}`
  changed()
}

/** Takes a measure of the page's own. */
export function mark(name: string, value?: number, time = performance.now()): void {
  const view = at(time)
  // A name that is no text throws here: written as it is, it could cost the page view.
  if (view && view._news.filter(one => !one.endpoint).length < MAX_MARKS)
    view._news.push({ _rank: KEEP, name: name.trim(), value: value && +value, start: time })
  changed()
}
