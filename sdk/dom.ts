/**
 * What the document says of itself, whatever its elements are called: `<img name=hidden>` is `document.hidden`.
 *
 * @see https://html.spec.whatwg.org/multipage/dom.html#dom-document-nameditem
 */

/** A property as the browser has it. */
export function ofDocument<K extends 'currentScript' | 'hidden' | 'prerendering'>(name: K): Document[K] {
  return Object.getOwnPropertyDescriptor(Document.prototype, name)?.get?.call(document)
}
