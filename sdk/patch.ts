/**
 * A thin patch of fetch and XMLHttpRequest that notes what resource timing does not tell: the method, and whether
 * the page itself called the request off. Arguments, `this`, results and errors pass through untouched; where
 * entries tell the status, the promise of fetch is not even looked at, so that its rejection stays as unhandled as
 * the page left it.
 */

/** What was seen of a call when it was made. */
export interface Note {
  _url: string
  /** `performance.now()`. */
  _start: number
  _method: string
  /** Asked for with `no-cors`: the browser hides status and times. */
  _opaque: boolean
  /** Tells whether the page has called it off. */
  _signal: { readonly aborted: boolean } | null | undefined
  /** Tells the status, where the entry does not: the request itself, or the response; 0 where there was none. */
  _answer: { readonly status?: number }
}

/** The notes that wait for their entries. */
export interface Notes {
  /** The note of the call that began at `start`; each is taken once. */
  _take(url: string, start: number): Note | undefined
}

/** Notes kept: an open stream waits for long, a request that was blocked forever. */
const KEPT = 256

/** An address as entries and notes compare it, without fragment and userinfo. */
export function address(url: string): URL {
  const parsed = new URL(url, document.baseURI)
  parsed.hash = parsed.username = parsed.password = ''
  return parsed
}

export function patchCalls(): Notes {
  const notes: Note[] = []
  const opened = new WeakMap<XMLHttpRequest, [method: string, url: string]>()
  const { prototype } = XMLHttpRequest

  const add = (method: string, url: string, answer = {}, opaque = false, signal?: Note['_signal']): Note => {
    const note: Note = {
      _url: address(url).href,
      _start: performance.now(),
      _method: method.toUpperCase(),
      _opaque: opaque,
      _signal: signal,
      _answer: answer,
    }
    if (notes.push(note) > KEPT) notes.shift()
    return note
  }

  wrap(window, 'fetch', (_, [input, init]: [RequestInfo | URL, RequestInit?]) => {
    const request = typeof input === 'string' || 'href' in input ? undefined : input
    const note = add(
      init?.method ?? request?.method ?? 'GET',
      request?.url ?? String(input),
      {},
      (init?.mode ?? request?.mode) === 'no-cors',
      init?.signal ?? request?.signal,
    )
    // Safari before responseStatus. Here an unhandled rejection is lost, which weighs less than its error rate.
    return 'responseStatus' in PerformanceResourceTiming.prototype
      ? undefined
      : (response: Promise<Response>) =>
          response.then(
            response => {
              note._answer = response
            },
            () => {
              note._answer = { status: 0 }
            },
          )
  })
  wrap(prototype, 'open', (xhr, [method, url]: [string, string | URL]) => {
    opened.set(xhr, [String(method), String(url)])
  })
  wrap(prototype, 'send', xhr => {
    add(...(opened.get(xhr) ?? ['', '']), xhr)
  })
  wrap(prototype, 'abort', xhr => {
    for (const note of notes) if (note._answer === xhr) note._signal = { aborted: true }
  })

  return {
    // The latest call at or before the entry's start. Both times come from one clock, and the call is noted first.
    _take(url, start) {
      let found: Note | undefined
      for (const note of notes)
        if (note._url === url && note._start <= start && !(found && found._start >= note._start)) found = note
      if (found) notes.splice(notes.indexOf(found), 1)
      return found
    },
  }
}

/** Lets `see` look at each call of a method before it is made, and what `see` returns at its result. */
function wrap<T extends object, A extends unknown[], R>(
  target: T,
  name: string,
  see: (self: T, args: A) => ((result: R) => unknown) | undefined,
): void {
  const original: unknown = Reflect.get(target, name)
  if (typeof original !== 'function') return
  const wrapper = {
    // A method has, as the native function, no prototype and no [[Construct]].
    [name](this: T, ...args: A): R {
      let after: ((result: R) => unknown) | undefined
      try {
        after = see(this, args)
      } catch {}
      const result: R = Reflect.apply(original, this, args)
      try {
        after?.(result)
      } catch {}
      return result
    },
  }[name]
  if (!wrapper) return
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true })
  Reflect.set(target, name, wrapper)
}
