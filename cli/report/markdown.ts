/**
 * A report as Markdown, as GitHub and CommonMark read it. Whatever might be markup is
 * escaped; what is inside a code span cannot be, so text with backticks or pipes becomes a `<code>` of
 * character references.
 */

import { printable } from '../printable.ts'
import { type Block, type Inline, type Table, type Text, webAddress } from './document.ts'

export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(toBlock).join('\n\n')}\n`
}

function toBlock(block: Block): string {
  switch (block.kind) {
    case 'title':
      return `# ${literal(block.words)}`
    case 'heading':
      return `## ${literal(block.words)}`
    case 'paragraph':
      return toLine(block.text)
    case 'list':
      return block.items.map(item => `- ${toLine(item)}`).join('\n')
    case 'table':
      return toTable(block)
  }
}

/** GitHub's tables have no caption: it stands above. */
function toTable({ caption, head, left, rows }: Table): string {
  const rule = head.map((_, i) => (i < left ? '---' : '---:'))
  const lines = [head.map(literal), rule, ...rows.map(row => row.map(toLine))]
  return `${literal(caption)}\n\n${lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')}`
}

function toLine(text: Text): string {
  return text.map(toInline).join('')
}

function toInline(inline: Inline): string {
  if (typeof inline === 'string') return literal(inline)
  if ('code' in inline) return toCode(inline.code)
  if ('rating' in inline) return inline.rating?.replace('-', ' ') ?? ''
  const link = webAddress(inline.link)?.replace(/[|\\`<>]/g, encodeURIComponent)
  return link ? `[${literal(inline.words)}](<${link}>)` : literal(inline.words)
}

/** Our own words, in which nothing is markup: what could be gets a backslash, and `&` becomes a reference. */
function literal(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]<>|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
}

/** Text from data. A code span where that is safe, inside tables too. */
function toCode(text: string): string {
  const line = printable(text)
  if (!line) return ''
  if (!/[`|\\<]|^\s|\s$/.test(line)) return `\`${line}\``
  const references = line.replace(/[^\p{L}\p{N}/ -]/gu, char => `&#${char.codePointAt(0)};`)
  return `<code>${references}</code>`
}
