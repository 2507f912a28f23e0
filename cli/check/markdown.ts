/** Findings as Markdown, for a comment on a pull request or the summary of a job. */

import type { Text } from '../report/document.ts'
import { toMarkdown as write } from '../report/markdown.ts'
import type { Finding } from './finding.ts'

export function toMarkdown(title: string, findings: readonly Finding[]): string {
  const count = (outcome: Finding['outcome']) =>
    findings.filter(finding => finding.outcome === outcome).length
  const [breaches, old, missing] = [count('breach'), count('not judged'), count('too little data')]
  const verdict = breaches
    ? `${breaches} of ${findings.length} checks failed.`
    : old
      ? `${old} of ${findings.length} checks are of budgets that nobody judges any more.`
      : missing
        ? `${missing} of ${findings.length} checks have too little data.`
        : `All ${findings.length} checks passed.`
  return write([
    { kind: 'heading', words: title },
    { kind: 'paragraph', text: [verdict] },
    {
      kind: 'table',
      caption: 'A metric fails if it is slower for certain, and by more than its limit.',
      left: 2,
      head: ['result', 'check', 'limit', 'before', 'now', 'how sure'],
      rows: findings.map(({ outcome, name, limit, before, now, detail }): Text[] => [
        [outcome],
        [{ code: name }],
        [limit],
        [before],
        [now],
        [detail],
      ]),
    },
  ])
}
