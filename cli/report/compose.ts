/**
 * The order of a report: what a team wants to know on Monday, the most important first.
 */

import { minute } from '../words.ts'
import { budgetsInShort, budgetsSection } from './budgets.ts'
import { callsInShort, callsSection } from './calls.ts'
import { causesSection } from './causes.ts'
import type { Block } from './document.ts'
import { errorsInShort, errorsSection } from './errors.ts'
import type { Findings } from './findings.ts'
import { notes } from './notes.ts'
import { pagesSection } from './pages.ts'
import { changesOf, vitalsInShort, vitalsSection } from './vitals.ts'

export function compose(findings: Findings): Block[] {
  const { site, from, to } = findings.vitals
  const changes = changesOf(findings)
  const range = `${minute(from)} to ${minute(to)} UTC, compared with the period of the same length before.`
  return [
    { kind: 'title', words: `Performance of ${site}` },
    { kind: 'paragraph', text: [range] },
    {
      kind: 'list',
      items: [
        ...vitalsInShort(changes),
        ...budgetsInShort(findings),
        ...callsInShort(findings),
        ...errorsInShort(findings),
      ],
    },
    ...vitalsSection(changes),
    ...budgetsSection(findings),
    ...causesSection(findings),
    ...pagesSection(findings),
    ...callsSection(findings),
    ...errorsSection(findings),
    { kind: 'heading', words: 'How to read this' },
    { kind: 'list', items: notes(findings) },
  ]
}
