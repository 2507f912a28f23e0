/** `fieldline segments ...`: filters that a team has given a name, for `--segment`. */

import { DIMENSIONS } from '../schema/api/query.ts'
import type { SegmentAnswer, SegmentFilters, SegmentsAnswer } from '../schema/api/segments.ts'
import { all, type Command, type Given, needed, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { sitePath, tagText } from './range.ts'
import { table } from './table.ts'

const KEYS = [...DIMENSIONS, 'tag'] as const

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
  about: 'save filters under a name, or change them; options may be repeated',
  options: {
    name: { value: '<text>', help: 'what people read; default: the id' },
    ...Object.fromEntries(
      DIMENSIONS.map(key => [key, { value: `<${key}>`, help: `this ${key}`, many: true as const }]),
    ),
    tag: { value: '<name=value>', help: 'this value of a declared tag, plan=pro', many: true },
    not: { value: '<filter=value>', help: 'not this value: country=DE, tag=plan:free', many: true },
  },
  async run(call) {
    const id = needed(call.given, 'id')
    const body = { name: one(call.given, 'name') ?? id, filters: filtersOf(call.given) }
    const answer = await call.ask<SegmentAnswer>('PUT', sitePath(call.given, 'segments', id), { body })
    show(call, answer, () => `${answer.id}  ${inWords(answer)}`)
    const { budgets } = answer
    if (budgets.length)
      call.note(`If its filters changed, these budgets are judged anew: ${budgets.join(', ')}.`)
  },
}

export const segmentsDelete: Command = {
  name: 'segments delete',
  operands: ['site', 'id'],
  about: 'delete a segment that no budget uses',
  options: {},
  async run(call) {
    const id = needed(call.given, 'id')
    await call.ask('DELETE', sitePath(call.given, 'segments', id))
    call.note(`${id} is deleted.`)
  },
}

/** The filters that are given, as the API has them. */
function filtersOf(given: Given): SegmentFilters {
  const left = all(given, 'not').map(text => {
    const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? []
    const key = KEYS.find(known => known === name)
    if (!key) throw misuse(`--not must be <filter>=<value> with one of ${KEYS.join(', ')}, not ${text}.`)
    return { key, value }
  })
  const lists = KEYS.flatMap(key => {
    const written = (value: string) => (key === 'tag' ? tagText(value) : value)
    const none = left.filter(one => one.key === key).map(({ value }) => written(value))
    return [[key, all(given, key).map(written)] as const, [`${key}!`, none] as const]
  })
  return Object.fromEntries(lists.filter(([, values]) => values.length))
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
