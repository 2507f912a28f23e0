/**
 * A report as one HTML file that needs nothing else. It runs no script and loads
 * nothing, and says so to the browser, too.
 */

import { printable } from '../printable.ts'
import { type Block, type Inline, type Table, type Text, webAddress } from './document.ts'

/** Colours have a contrast of at least 4.5 to their ground, light and dark. */
const STYLE = `
:root { color-scheme: light dark; --good: #0a7a3d; --needs-improvement: #9a5b00; --poor: #c5221f; --line: #d0d4da }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb868; --needs-improvement: #e0a030; --poor: #ff7b72; --line: #3a4048 }
  body { background: #14161a; color: #e6e8eb }
  a { color: #8ab4f8 }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem } li { margin: .35rem 0 }
.wide { overflow-x: auto; margin-top: 1.5rem }
table { border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums }
caption { text-align: left; padding: .5rem 0 }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap }
th { font-weight: 600 } th.word, td.word { text-align: left; white-space: normal }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
.good { color: var(--good) } .needs-improvement { color: var(--needs-improvement) } .poor { color: var(--poor) }
@media print { .wide { overflow: visible } }
`

export function toHtml(blocks: readonly Block[]): string {
  const title = blocks.find(block => block.kind === 'title')?.words ?? 'Performance'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${literal(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${blocks.map(toBlock).join('\n')}
</main>
</body>
</html>
`
}

function toBlock(block: Block): string {
  switch (block.kind) {
    case 'title':
      return `<h1>${literal(block.words)}</h1>`
    case 'heading':
      return `<h2>${literal(block.words)}</h2>`
    case 'paragraph':
      return `<p>${toLine(block.text)}</p>`
    case 'list':
      return `<ul>\n${block.items.map(item => `<li>${toLine(item)}</li>`).join('\n')}\n</ul>`
    case 'table':
      return toTable(block)
  }
}

/** A wide table scrolls inside its region, which the keyboard reaches. */
function toTable({ caption, head, left, rows }: Table): string {
  const word = (column: number) => (column < left ? ' class="word"' : '')
  const heads = head.map((name, i) => `<th scope="col"${word(i)}>${literal(name)}</th>`)
  const lines = rows.map(row =>
    row.map((cell, i) => {
      const inside = toLine(cell)
      return i === 0 ? `<th scope="row"${word(i)}>${inside}</th>` : `<td${word(i)}>${inside}</td>`
    }),
  )
  return `<div class="wide" role="region" tabindex="0" aria-label="${literal(caption)}">
<table>
<caption>${literal(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.map(cells => `<tr>${cells.join('')}</tr>`).join('\n')}
</tbody>
</table>
</div>`
}

function toLine(text: Text): string {
  return text.map(toInline).join('')
}

function toInline(inline: Inline): string {
  if (typeof inline === 'string') return literal(inline)
  if ('code' in inline) return `<code>${literal(inline.code)}</code>`
  if ('rating' in inline)
    return inline.rating ? `<span class="${inline.rating}">${inline.rating.replace('-', ' ')}</span>` : ''
  const link = webAddress(inline.link)
  return link ? `<a href="${literal(link)}">${literal(inline.words)}</a>` : literal(inline.words)
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute. */
function literal(text: string): string {
  return printable(text).replace(/[&<>"']/g, char => ENTITIES[char] ?? '')
}
