/** Reads the project's pages: their sentences, their links, and the anchors of their headings. */

import { globSync, readFileSync } from 'node:fs'

/** The pages that a reader finds. The changelog is a list of what changed, not a page to read. */
export const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md').sort(),
]

export interface Page {
  file: string
  /** All of it, code and diagrams included. */
  whole: string
  sentences: string[]
  /** Targets of links, as written. */
  links: string[]
  /** Names of anchors, as GitHub makes them of headings. */
  anchors: Set<string>
}

export function readPage(file: string): Page {
  const whole = readFileSync(file, 'utf8')
  const text = whole.replace(/^```[\s\S]*?^```$/gm, '')
  const words = withoutGenerated(text)
  return {
    file,
    whole,
    sentences: blocksOf(words).flatMap(sentencesOf),
    links: [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
      match => match[1] ?? match[2] ?? '',
    ),
    anchors: new Set([...text.matchAll(/^#+ (.+)$/gm)].map(match => slug(match[1] ?? ''))),
  }
}

/** Words of a sentence. A piece of code is one word, however long. */
export function wordsOf(sentence: string): number {
  return sentence.split(/\s+/).filter(word => /[\p{L}\p{N}]/u.test(word)).length
}

/** What stands between the markers of a script is that script's, and tested with it. */
function withoutGenerated(text: string): string {
  return text.replace(/^<!-- (\w+): [\s\S]*?^<!-- \/\1 -->$/gm, '').replace(/<[^>]+>/g, '')
}

/** Paragraphs, list items, headings, and cells of tables: no sentence goes from one into the next. */
function blocksOf(text: string): string[] {
  return text
    .replace(/^ *(?:[-*]|\d+\.) /gm, '\n\n')
    .replace(/^#.*$/gm, line => `\n\n${line.replace(/^#+ /, '')}\n\n`)
    .replace(/^\|.*$/gm, line => line.replaceAll('|', '\n\n'))
    .split(/\n\s*\n/)
}

/** Sentences of a block. A colon ends none: what a sentence announces is read with it. */
function sentencesOf(block: string): string[] {
  return block
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`[^`]*`/g, 'Code')
    .replace(/[*_]/g, '')
    .split(/(?<=[.!?]['")]?)\s+(?=["'(]?[\p{Lu}\p{N}])/u)
    .map(sentence => sentence.replace(/\s+/g, ' ').trim())
    .filter(Boolean)
}

/** The anchor that GitHub gives a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
