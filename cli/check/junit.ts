/**
 * Findings as JUnit XML, which CI systems show: a breach is a failure, a budget that nobody judges an
 * error, too little data is skipped.
 */

import { printable } from '../printable.ts'
import type { Finding } from './finding.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const INSIDE: Readonly<Record<Finding['outcome'], (text: string) => string>> = {
  ok: text => `<system-out>${text}</system-out>`,
  breach: text => `<failure message="${text}"/>`,
  'not judged': text => `<error message="not judged: ${text}"/>`,
  'too little data': text => `<skipped message="${text}"/>`,
}

export function toJunit(title: string, findings: readonly Finding[]): string {
  const count = (outcome: Finding['outcome']) =>
    findings.filter(finding => finding.outcome === outcome).length
  const cases = findings.map(({ outcome, name, limit, before, now, detail }) => {
    const text = attribute(`${before ? `${before} to ` : ''}${now || 'no data'}, limit ${limit}; ${detail}`)
    return `    <testcase classname="fieldline" name="${attribute(name)}">${INSIDE[outcome](text)}</testcase>`
  })
  const sums = `tests="${findings.length}" failures="${count('breach')}" skipped="${count('too little data')}" errors="${count('not judged')}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${sums}>
  <testsuite name="${attribute(title)}" ${sums}>
${cases.join('\n')}
  </testsuite>
</testsuites>
`
}

/** Names come from pages: what XML does not allow is written out. */
function attribute(text: string): string {
  return printable(text).replace(/[&<>"]/g, char => ENTITIES[char] ?? '')
}
