/**
 * A thin patch of fetch, of what reads its answers, and of XMLHttpRequest: it says what each call was made with, and how it ended as the page saw it.
 * Arguments, `this`, results and errors pass through. Of a promise the page gets one that follows it: a rejection is then as
 * unhandled as the page leaves it, which looking at the promise itself would end.
 */

import type { Outcome } from '../schema/wire/pageview.ts'
import { keyOf } from './address.ts'
import { native } from './dom.ts'
import { quietly } from './quietly.ts'
import { wrap } from './wrap.ts'
import { outside } from './zone.ts'

/** What is read of an answer: XMLHttpRequest has no `bodyUsed`. */
interface Answer {
  readonly status?: number
  readonly bodyUsed?: boolean
}

/** What comes of an answer: a promise of all of it, a reader; or its body, a copy, two branches, each to be read itself. */
type Reading = Partial<Promise<unknown>> &
  Partial<Pick<ReadableStreamDefaultReader, 'closed'>> &
  Pick<ReadableStreamDefaultReader, 'cancel'>

/** What is read: an answer, its body, or, with `next`, its chunks, which WebKit does not have. */
type Source = Partial<Pick<AsyncIterator<unknown>, 'next'>>

/**
 * One call. Without `_` are the names of its entry, for which it stands in. It holds on to nothing of the page's once it is
 * told, and never to a request.
 */
export interface Note {
  /** Its address as entries have it, without userinfo and fragment. */
  name: string
  /** `performance.now()`. */
  startTime: number
  /** ms until it ended: the head of an answer to fetch, the whole of one to XMLHttpRequest. NaN as long as it has not. */
  duration: number
  /** With a space behind. */
  _method: string
  _body?: unknown
  _headers?: HeadersInit | undefined
  /** Tells why the page has called it off. */
  _signal?: AbortSignal | null | undefined
  /** 0: none, or hidden. */
  _status?: number | undefined
  /** Why the page got no answer. */
  _failure?: Outcome | undefined
  _answer?: Answer | undefined
  /** Its entry, where that came first. */
  _entry?: PerformanceResourceTiming
  /** It is told already, and waits for an entry that is not to be told, too. */
  _told?: boolean
}

/** Who hears of calls. */
export type PatchCalls = (onStart: (note: Note) => void, onEnd: (note: Note) => void) => void

/**
 * Why there is no answer. What a page gives up for being too slow, it did not call off; WebKit's error does not say so. What
 * was read, and is no JSON, is an answer.
 */
export function failureOf(signal?: AbortSignal | null, error?: unknown): Outcome | undefined {
  // A page's reason may be anything.
  const name = quietly(() => `${(signal?.reason ?? (error as Error)).name}`)() as string
  return /^Sy/.test(name)
    ? undefined
    : name === 'TimeoutError'
      ? 'timeout'
      : signal?.aborted || name === 'AbortError'
        ? 'aborted'
        : 'network'
}

/**
 * The events with which an XMLHttpRequest ends, and what they say of it. There is no `load` where the page, as it hears of the
 * answer, opens it anew or aborts it.
 */
const ENDINGS: Record<string, Outcome | undefined> = {
  readystatechange: undefined,
  error: 'network',
  abort: 'aborted',
  timeout: 'timeout',
}

/** In place of the note of what has been read: it has none any more, whatever its body has. */
const READ = 0 as unknown as undefined

/** A page may have no XMLHttpRequest. */
export const patchCalls: PatchCalls = quietly((onStart, onEnd) => {
  /** By XMLHttpRequest; by answer, its body and what reads from it. */
  const opened = new WeakMap<object, Note | undefined>()

  /** A call to be made; none where it leaves the browser never. Methods and addresses may be anything that makes a text. */
  const open = (method: string, url: string | URL, more?: Partial<Note>): Note | undefined => {
    const name = keyOf(new URL(url, native(document, 'baseURI')).href)
    return /^http/.test(name)
      ? { name, startTime: 0, duration: Number.NaN, _method: `${method} `.toUpperCase(), ...more }
      : undefined
  }
  const end = quietly((note: Note, answer?: Answer, failure?: Outcome) => {
    note.duration = performance.now() - note.startTime
    note._answer = answer
    note._status ??= answer?.status
    note._failure = failure
    onEnd(note)
    // A text, which was read, is no key: to be refused takes longer than all the rest of a call.
    opened.set(Object(answer), note)
  })
  const fail = (note: Note, error: unknown) => end(note, undefined, failureOf(note._signal, error))
  /** Follows a promise of the page's: the head of an answer, then what is read of it, whole or in chunks. */
  const follow = (note: Note, promise: Promise<unknown>, chunks?: unknown) =>
    promise.then(
      answer => {
        if (!chunks || (answer as IteratorResult<unknown>).done) end(note, answer as Answer)
        return answer
      },
      error => {
        fail(note, error)
        throw error
      },
    )

  wrap(
    window,
    'fetch',
    (_, [request, init]: [Partial<Request>, RequestInit?], start, promise: Promise<Response>) => {
      const {
        method = request.method ?? 'GET',
        headers = request.headers,
        signal = request.signal,
        body,
      } = init ?? {}
      const note = open(method, request.url ?? (request as URL), {
        startTime: start,
        _headers: headers,
        _signal: signal,
        _body: body,
      })
      if (!note) return
      onStart(note)
      // Another library's promise may have more to it than one that follows it would have: such a call ends with its entry.
      if (Object.keys(promise)[Object.keys((promise.constructor as PromiseConstructor).resolve()).length]) {
        note.duration = Number.POSITIVE_INFINITY
        return
      }
      return follow(note, promise)
    },
  )
  /** Follows whatever reads an answer, its body, a copy or a branch of it. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: split, it takes 4 bytes
  const read = (source: Source, _: unknown, __: unknown, result: Reading) => {
    // An answer that the page has made of a body, and reads, has that very body.
    const note = opened.get(source) ?? opened.get((result.then && (source as Response).body) as object)
    if (!note) return
    if (result.then) {
      // All but chunks is read once.
      if (!source.next) {
        note._answer = source as Response
        opened.set(source, READ)
      }
      return follow(note, result as Promise<unknown>, source.next)
    }
    for (const part of [result].flat()) opened.set(part, note)
    for (const name of ['next', 'return']) wrap(result, name, read)
    result.closed?.then(
      () => end(note),
      // So ends one that the page has released, too, which then has nothing to cancel. What has failed says so once more.
      quietly(error => result.cancel().catch(again => again === error && fail(note, error))),
    )
  }
  for (const { prototype } of [Response, ReadableStream])
    for (const name of [...Object.keys(prototype), Symbol.asyncIterator]) {
      // To read an accessor throws, and a page's first exception takes half as long as the start.
      const property = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor
      if (name === 'body') {
        wrap(property, 'get', read)
        Reflect.defineProperty(prototype, name, property)
      } else if (!property?.get) wrap(prototype, name, read)
    }
  const { prototype } = XMLHttpRequest
  // A page may have put its own `status` on it.
  const onEnding = quietly(({ type, target }: Pick<Event, 'type' | 'target'>): void =>
    endXhr(target as XMLHttpRequest, ENDINGS[type]),
  )
  const endXhr = (xhr: XMLHttpRequest, failure?: Outcome): void => {
    const note = opened.get(xhr)
    if (note?.startTime && (failure || (xhr.readyState > 3 && xhr.status))) {
      end(note, xhr, xhr.status ? undefined : failure)
      opened.delete(xhr)
    }
  }
  wrap(prototype, 'open', (xhr: XMLHttpRequest, [method, url]: [string, string | URL]) => {
    const note = open(method, url)
    // One under way is called off by it, without an event.
    endXhr(xhr, 'aborted')
    opened.set(xhr, note)
    // Here, since Chromium calls listeners of an XMLHttpRequest in the order in which they came, and the page's may open it anew.
    outside(() => {
      for (const type in ENDINGS) xhr.addEventListener(type, onEnding, true)
    })
  })
  wrap(prototype, 'send', (xhr: XMLHttpRequest, [body]: [unknown], start) => {
    const note = opened.get(xhr)
    // What is sent once more is refused.
    if (!note || note.startTime) return
    note.startTime = start
    note._body = body
    onStart(note)
    // One that is synchronous is through. Where it fails, it throws, without an event.
    if (xhr.readyState > 3) endXhr(xhr, 'network')
  })
})
