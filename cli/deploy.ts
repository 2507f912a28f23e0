/** `fieldline deploy` and `deploys`: when releases went live. */

import type { DeployAnswer, DeploysAnswer } from '../schema/api/deploys.ts'
import { type Command, make, needed, one, show } from './command.ts'
import { RANGE, SITE, siteOf, sitePath, timeOf } from './range.ts'
import { table } from './table.ts'

export const deploy: Command = {
  name: 'deploy',
  operands: [],
  about: 'mark a deploy; charts show it',
  options: {
    ...SITE,
    release: { value: '<name>', help: 'as the script tag says it in data-release' },
    note: { value: '<text>', help: 'what a chart says of it' },
    at: { value: '<time>', help: 'when it went live, RFC 3339; default: now' },
  },
  async run(call) {
    const body = {
      release: needed(call.given, 'release'),
      note: one(call.given, 'note'),
      at: one(call.given, 'at'),
    }
    const path = sitePath(call.given, 'deploys')
    const answer = await make<DeployAnswer>(call, path, body)
    show(call, answer, () => `${answer.release} is marked at ${answer.at}, as ${answer.id}.`)
  },
}

export const deployList: Command = {
  name: 'deploys',
  operands: [],
  about: 'list the deploys of a site, the newest first',
  options: RANGE,
  async run(call) {
    const query = { site: siteOf(call.given), ...timeOf(call.given) }
    const answer = await call.ask<DeploysAnswer>('GET', '/v1/deploys', { query })
    show(call, answer, () => {
      if (!answer.data.length) return 'No deploy is marked in this time.'
      const rows = answer.data.map(({ id, at, release, note }) => [at, release, note ?? '', id])
      return table(['at', 'release', 'note', 'id'], rows, 4)
    })
  },
}
