/** `fieldline segments ...`: filters that a team has given a name, for `--segment`. */

import { DIMENSIONS } from '../schema/api/filters.ts'
import type { SegmentAnswer, SegmentsAnswer } from '../schema/api/segments.ts'
import { type Command, needed, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { filterOptions, sitePath, valuesOf } from './range.ts'
import { table } from './table.ts'

export const segmentsList: Command = {
  name: 'segments list',
  operands: ['site'],
  about: 'list the saved segments and the budgets that use them',
  options: {},
  async run(call) {
    const answer = await call.ask<SegmentsAnswer>('GET', sitePath(call.given, 'segments'))
    show(call, answer, () => {
      if (!answer.data.length)
        return 'No segments yet. Save one: fieldline segments set <site> phones-de --device phone --country DE'
      const rows = answer.data.map(segment => [segment.id, segment.name, inWords(segment), uses(segment)])
      return table(['segment', 'name', 'filters', 'budgets'], rows, 4)
    })
  },
}

export const segmentsSet: Command = {
  name: 'segments set',
  operands: ['site', 'id'],
  about: 'save or change a segment; options may be repeated',
  options: {
    name: { value: '<text>', help: 'what people read; default: the id' },
    ...filterOptions(DIMENSIONS, 'this'),
  },
  async run(call) {
    const id = needed(call.given, 'id')
    const filters = valuesOf(call.given, DIMENSIONS)
    if (!Object.keys(filters).length) throw misuse('Give at least one filter, such as --device phone.')
    const body = { name: one(call.given, 'name') ?? id, filters }
    const answer = await call.ask<SegmentAnswer>('PUT', sitePath(call.given, 'segments', id), { body })
    show(call, answer, () => `${answer.id}  ${inWords(answer)}`)
    const { budgets } = answer
    if (budgets.length)
      call.note(`If its filters changed, these budgets are judged anew: ${budgets.join(', ')}.`)
  },
}

export const segmentsRemove: Command = {
  name: 'segments remove',
  operands: ['site', 'id'],
  about: 'remove a segment that no budget uses',
  options: {},
  async run(call) {
    const id = needed(call.given, 'id')
    await call.ask('DELETE', sitePath(call.given, 'segments', id))
    call.note(`${id} is removed.`)
  },
}

/** `device phone, country not FR or ES` */
function inWords({ filters }: SegmentAnswer): string {
  return Object.entries(filters)
    .map(([name, values]) => `${name.replace('!', ' not')} ${values.join(' or ')}`)
    .join(', ')
}

function uses({ budgets }: SegmentAnswer): string {
  return budgets.join(' ')
}
