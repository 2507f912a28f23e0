/**
 * A report before it is Markdown or HTML: headings, paragraphs, lists and tables of text. Only the two renderers know
 * how text is escaped, so that nothing that a visitor made up becomes markup.
 */

import type { Rating } from '../../schema/domain/metrics.ts'

/** Words; `code` is text from data, shown as it is; `rating` is coloured where there is colour, null where there is none. */
export type Inline = string | { code: string } | { link: string; words: string } | { rating: Rating | null }

export type Text = readonly Inline[]

export type Block =
  | { kind: 'title'; words: string }
  | { kind: 'heading'; words: string }
  | { kind: 'paragraph'; text: Text }
  | { kind: 'list'; items: readonly Text[] }
  | Table

/** The first column names the row. `caption` says what it shows. */
export interface Table {
  kind: 'table'
  caption: string
  /** The first `left` columns are words, the rest are numbers. */
  left: number
  head: readonly string[]
  rows: readonly (readonly Text[])[]
}

/** An address that a reader may follow; null for `javascript:` and the like. */
export function webAddress(link: string): string | null {
  return URL.canParse(link) && /^https?:/i.test(link) ? new URL(link).href : null
}
