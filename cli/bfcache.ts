/** `fieldline bfcache`: how many returns the browser restored, and why it loaded the others anew. */

import type { BfcacheAnswer } from '../schema/api/bfcache.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute, percent, whole } from './words.ts'

export const bfcache: Command = {
  name: 'bfcache',
  operands: [],
  about: 'print why the browser loaded pages anew on a return to them',
  options: {
    ...RANGE,
    limit: { value: '<n>', help: 'the most reasons; default: 20' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<BfcacheAnswer>('GET', '/v1/bfcache', {
      query: queryOf(given, ['limit']),
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({ site, from, to, count, restored, data }: BfcacheAnswer): string {
  const title = `${site}, returns by back and forward, ${minute(from)} to ${minute(to)} UTC`
  if (!restored) return `${title}: no data`
  const interval = ({ low, high }: typeof restored) => `${percent(low)} to ${percent(high)}`
  const told = `The browser restored ${percent(restored.value)} (${interval(restored)}) of ${whole(count)} returns.`
  const note = 'Only browsers on Chromium tell.'
  if (!data.length) return `${title}\n\n${told} ${note}`
  const rows = data.map(row => [
    row.reason,
    whole(row.samples),
    percent(row.share.value),
    interval(row.share),
  ])
  return `${title}\n\n${table(['reason', 'samples', 'of all returns', '95% interval'], rows, 1)}\n\n${told} ${note}`
}
