/** `fieldline tags ...`: the dimensions that a team declares itself. */

import type { TagsAnswer } from '../schema/api/tags.ts'
import { type Call, type Command, needed, show } from './command.ts'
import { sitePath } from './range.ts'
import { table } from './table.ts'
import { minute, whole } from './words.ts'

export const tagsList: Command = {
  name: 'tags list',
  operands: ['site'],
  about: 'list the declared tags, and count what is left out',
  options: {},
  async run(call) {
    showAll(call, await call.ask<TagsAnswer>('GET', sitePath(call.given, 'tags')))
  },
}

export const tagsAdd: Command = {
  name: 'tags add',
  operands: ['site', 'name'],
  about: 'declare a tag: its values are kept from then on',
  options: {},
  async run(call) {
    const name = needed(call.given, 'name')
    showAll(call, await call.ask<TagsAnswer>('PUT', sitePath(call.given, 'tags', name)))
    call.note(
      `Pages say it by data-${nameInHtml(name)}="..." on the script tag, or by tag('${name}', '...').`,
    )
  },
}

export const tagsRemove: Command = {
  name: 'tags remove',
  operands: ['site', 'name'],
  about: 'keep and answer a tag no longer',
  options: {},
  async run(call) {
    await call.ask('DELETE', sitePath(call.given, 'tags', needed(call.given, 'name')))
    showAll(call, await call.ask<TagsAnswer>('GET', sitePath(call.given, 'tags')))
  },
}

function nameInHtml(name: string): string {
  return `tag-${name.replaceAll('_', '-')}`
}

function showAll(call: Call, answer: TagsAnswer): void {
  show(call, answer, () => {
    const { tags, undeclared_24h: undeclared, unfit_24h: unfit } = answer
    const rows = tags.map(({ name, since }) => [name, minute(since)])
    return [
      rows.length
        ? table(['tag', 'since, UTC'], rows, 2)
        : 'No tags yet. Declare one: fieldline tags add <site> <name>',
      ...(undeclared ? [`Left out in 24 hours, not declared: ${whole(undeclared)}.`] : []),
      ...(unfit ? [`Left out in 24 hours, like an e-mail address or a token: ${whole(unfit)}.`] : []),
    ].join('\n')
  })
}
