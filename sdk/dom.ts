/**
 * What the browser itself says of an object, whatever the page has put on it: `<img name=hidden>` is `document.hidden`.
 *
 * @see https://html.spec.whatwg.org/multipage/dom.html#dom-document-nameditem
 */

/** A property as the browser has it. */
export function native<T extends object, K extends keyof T>(object: T, key: K): T[K] {
  return Reflect.get(Object.getPrototypeOf(object), key, object)
}
