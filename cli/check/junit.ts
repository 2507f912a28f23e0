/** Findings as JUnit XML, which CI systems show: a breach is a failure, too little data is skipped. */

import { printable } from '../printable.ts'
import type { Finding } from './finding.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function toJunit(title: string, findings: readonly Finding[]): string {
  const count = (outcome: Finding['outcome']) =>
    findings.filter(finding => finding.outcome === outcome).length
  const cases = findings.map(({ outcome, name, limit, before, now, detail }) => {
    const text = attribute(`${before ? `${before} to ` : ''}${now || 'no data'}, limit ${limit}; ${detail}`)
    const inside =
      outcome === 'breach'
        ? `<failure message="${text}"/>`
        : outcome === 'ok'
          ? `<system-out>${text}</system-out>`
          : `<skipped message="${text}"/>`
    return `    <testcase classname="fieldline" name="${attribute(name)}">${inside}</testcase>`
  })
  const sums = `tests="${findings.length}" failures="${count('breach')}" skipped="${count('too little data')}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${sums} errors="0">
  <testsuite name="${attribute(title)}" ${sums} errors="0">
${cases.join('\n')}
  </testsuite>
</testsuites>
`
}

/** Names come from pages: what XML does not allow is written out. */
function attribute(text: string): string {
  return printable(text).replace(/[&<>"]/g, char => ENTITIES[char] ?? '')
}
