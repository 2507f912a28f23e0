/** `fieldline report`: the performance report that a team reads on Monday. */

import { writeFileSync } from 'node:fs'
import { type Command, one } from './command.ts'
import { misuse, refused } from './failure.ts'
import { checkWritable } from './file.ts'
import { RANGE, siteOf, timeOf } from './range.ts'
import { compose } from './report/compose.ts'
import { find } from './report/findings.ts'
import { toHtml } from './report/html.ts'
import { toMarkdown } from './report/markdown.ts'

const FORMATS = { md: toMarkdown, html: toHtml } as const

export const report: Command = {
  name: 'report',
  operands: [],
  about: 'write a report: what changed and why, what is slow, what fails',
  options: {
    ...RANGE,
    last: { value: '<time>', help: 'the range up to now: 24h or 7d; default: 7d' },
    format: { value: '<format>', help: "md or html; default: by the file's name, else md" },
    out: { value: '<file>', help: 'the file to write; default: the standard output' },
  },
  async run(call) {
    const { given } = call
    const out = one(given, 'out')
    const format = one(given, 'format') ?? (out && /\.html?$/i.test(out) ? 'html' : 'md')
    if (format !== 'md' && format !== 'html') throw misuse(`--format must be md or html, not ${format}.`)
    await checkWritable(given, 'out')
    const { from, to } = timeOf(given)
    const range = { site: siteOf(given), from: from ?? (to === undefined ? '-7d' : undefined), to }
    const findings = await find(call.ask, range)
    const text = given.json ? `${JSON.stringify(findings, null, 2)}\n` : FORMATS[format](compose(findings))
    if (out === undefined) return call.print(text.trimEnd())
    try {
      writeFileSync(out, text)
    } catch (error) {
      throw refused(`${out} cannot be written: ${error instanceof Error ? error.message : error}`)
    }
    call.note(`Wrote ${out}.`)
  },
}
