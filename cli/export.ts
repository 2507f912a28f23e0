/** `fieldline export`: every page view as NDJSON, or histograms for OpenTelemetry, as they come. */

import { createWriteStream } from 'node:fs'
import { Writable } from 'node:stream'
import { type Command, one } from './command.ts'
import { refused } from './failure.ts'
import { FILTERS, filtersOf, RANGE, siteOf, timeOf } from './range.ts'

export const exportData: Command = {
  name: 'export',
  operands: [],
  about: 'write page views as NDJSON, or histograms in OTLP/JSON',
  options: {
    ...RANGE,
    format: { value: '<format>', help: 'ndjson or otlp; default: ndjson' },
    out: { value: '<file>', help: 'the file to write; default: the standard output' },
    cursor: { value: '<cursor>', help: 'ndjson: go on after the line that has it' },
    metrics: { value: '<list>', help: 'otlp: vitals, api, phase:load, blocking:load, custom:<mark>' },
    'group-by': { value: '<list>', help: 'otlp: up to two of the filters below' },
    limit: { value: '<n>', help: 'the most page views, or groups' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const out = one(given, 'out')
    const answer = await call.open('/v1/export', {
      format: one(given, 'format') ?? 'ndjson',
      site: siteOf(given),
      ...timeOf(given),
      ...filtersOf(given),
      ...Object.fromEntries(['cursor', 'metrics', 'limit'].map(name => [name, one(given, name)])),
      group_by: one(given, 'group-by'),
    })
    const file = out === undefined ? process.stdout : createWriteStream(out)
    try {
      // The standard output stays open: it is not this command's to close.
      await answer.body?.pipeTo(Writable.toWeb(file), { preventClose: out === undefined })
    } catch (error) {
      throw refused(`The export was cut off: ${error instanceof Error ? error.message : error}`)
    }
    if (out !== undefined) call.note(`Wrote ${out}.`)
  },
}
