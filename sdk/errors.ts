/**
 * Uncaught errors and unhandled rejections: what the browser tells of them goes in, counts of their fingerprints go out. The
 * page's own listeners and the console see what they saw before. The core is built without this file.
 *
 * What was thrown may be anything: a Proxy, an object whose getters act. So nothing is read of it but a text, or the message
 * that a real error holds itself. Its stack would ask the page: V8 writes it as it is first read, by getters called `name`.
 * An error event says where it came from. A rejection does not.
 */

import { plainWords } from '../schema/domain/plain-message.ts'
import { MAX_ERRORS } from '../schema/wire/beacon.ts'
import { shorten } from './address.ts'
import { changed } from './change.ts'
import { native } from './dom.ts'
import { listen } from './listen.ts'
import { navigationEntry } from './navigation.ts'
import { quietly } from './quietly.ts'
import { CUT, unloading } from './transport.ts'
import { current } from './views.ts'

/** Errors of one page view that are looked at; what comes beyond is counted. */
const LOOKED = 32

/** Counts from now on, unless the page says not to. */
export function trackErrors(wanted?: string): void {
  if (/off|false/.test(wanted as string)) return
  current._page.errors = [0, []]
  // Before the page's own listeners, which may end the event.
  for (const type of ['error', 'unhandledrejection'])
    listen(
      type,
      quietly((event: Event) => see(type, event)),
    )
}

/** What is sent of a message, which is read once: many come again and again, and a page may have many elements. */
const words = { __proto__: null } as unknown as Record<string, string>

function see(type: string, event: Event & Partial<ErrorEvent>): void {
  const rejected = type[5]
  const { errors } = current._page
  // What the page itself dispatches is no error, and neither is an image that does not load. WebKit trusts no rejection. What
  // leaving cuts off, Firefox and WebKit reject at once.
  const real = rejected ? performance.now() > unloading + CUT : event.isTrusted && event.target === window
  if (!errors || !real) return
  changed()
  if (++errors[0] > LOOKED) return
  const { message, filename, lineno, colno }: Partial<ErrorEvent> = rejected ? {} : event
  const text = message ?? messageOf(native(event as PromiseRejectionEvent, 'reason'))
  // The query that the page was loaded with, too: many pages take it off their address.
  const queries = `${navigationEntry()?.name}\n${location.href}`.replace(/^[^?#]*/gm, '')
  const values = () => unescape(withFields(queries, document))
  const found = [
    type,
    // biome-ignore lint/suspicious/noAssignInExpressions: of what is no text nothing is asked
    typeof text === 'string' ? (words[text] ??= plainWords(text, values())) : '',
    filename && shorten(filename),
    lineno,
    colno,
  ]
  const [, list] = errors
  const error = list.find(known => found.every((part, i) => part === known[i]))
  if (error) (error[5] as number)++
  else if (list.length < MAX_ERRORS) list.push([...found, 1])
}

/**
 * What was rejected with: a text, or the message that an error holds itself. Those of the browser's own kind hold none. A real
 * error is no Proxy: where the browser cannot tell, nothing is read of it.
 */
function messageOf(reason: unknown): unknown {
  return (
    quietly(Reflect.get)(DOMException.prototype, 'message', reason) ??
    (Error.isError?.(reason) ? Object.getOwnPropertyDescriptor(reason, 'message')?.value : reason)
  )
}

/**
 * Adds to `text` what is written in fields, lists to choose from and whatever else can be edited, in open shadow trees, too. Closed
 * ones tell nobody.
 */
function withFields(text: string, root: ParentNode): string {
  let all = text
  for (const host of root.querySelectorAll('*')) {
    const shadow = Reflect.get(Element.prototype, 'shadowRoot', host)
    if (shadow) all = withFields(all, shadow)
  }
  for (const field of root.querySelectorAll('input,textarea,select,[contenteditable]'))
    all += ['', native(field as HTMLInputElement, 'value'), field.textContent]
  return all
}

declare global {
  interface ErrorConstructor {
    /** @see https://tc39.es/proposal-is-error/ */
    isError?(value: unknown): value is Error
  }
}
