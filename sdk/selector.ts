/**
 * Names for elements: an element goes in, a short selector that stays the same from build to build comes out.
 */

import { MAX_SELECTOR } from '../schema/wire/beacon.ts'

/**
 * What no person has named: made by a tool, told by its prefix; begun with `_`; not of letters, `-` and `_` alone; a
 * capital without two small letters behind, as in hashes (`hCdbBR`) and seldom in words; five consonants in a row.
 */
const GENERATED = /^(css|sc|ng|svelte|jsx)-|^ember|^_|[^a-zA-Z_-]|[A-Z](?![a-z]{2})|[^aeiouyA-Z_-]{5}/

/** Most class names of an element that go into its selector. The first say what it is, later ones how it is just now. */
const CLASSES = 2

/** `#cart` for an id that a person gave; single digits may stand in it (`tab-2`), longer numbers come from data. */
export function idOf(id: string): string {
  return id && !GENERATED.test(`${id}`.replace(/\d(?![\da-z])/gi, '')) ? `#${id}` : ''
}

/** A class name that a person gave. */
export function isNamed(name: string): boolean {
  return !GENERATED.test(name)
}

/**
 * A short and stable selector: from the nearest element with an id of its own down, `#cart>ul>li.offer`. Names that
 * look generated are left out, and so is all text.
 */
export function selectorOf(node: EventTarget | null | undefined, below = ''): string {
  const element = node instanceof Element ? node : (node as Node | null | undefined)?.parentElement
  if (!element?.parentElement) return below
  const id = idOf(element.id)
  const part =
    id || [element.localName, ...[...element.classList].filter(isNamed).slice(0, CLASSES)].join('.')
  const path = below ? `${part}>${below}` : part.slice(0, MAX_SELECTOR)
  if (path.length > MAX_SELECTOR) return below
  return id ? path : selectorOf(element.parentElement, path)
}
