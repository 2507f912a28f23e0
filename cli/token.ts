/** `fieldline token ...`: who may read a site. */

import type { NewTokenAnswer, TokensAnswer } from '../schema/api/token.ts'
import { DAY } from '../schema/domain/hour.ts'
import { type Command, needed, type Options, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { sitePath } from './range.ts'
import { table } from './table.ts'

const SITE: Options = { site: { value: '<site>', help: 'the site that it reads' } }

export const tokenCreate: Command = {
  name: 'token create',
  operands: [],
  about: 'create a token that reads one site; it is shown once',
  options: {
    ...SITE,
    name: { value: '<name>', help: 'what it is for: "Grafana"' },
    expires: { value: '<time>', help: 'in days (90d), 2027-01-01 (UTC) or RFC 3339; default: never' },
  },
  async run(call) {
    const body = { name: needed(call.given, 'name'), expires: expiryOf(one(call.given, 'expires')) }
    const answer = await call.ask<NewTokenAnswer>('POST', sitePath(call.given, 'tokens'), { body })
    show(call, answer, () => answer.token)
    call.note(`Save it now: only its hash is stored. To revoke it, use its id ${answer.id}.`)
  },
}

export const tokenList: Command = {
  name: 'token list',
  operands: [],
  about: 'list the tokens of a site',
  options: SITE,
  async run(call) {
    const answer = await call.ask<TokensAnswer>('GET', sitePath(call.given, 'tokens'))
    show(call, answer, () => {
      if (!answer.data.length) return 'This site has no read tokens.'
      const rows = answer.data.map(({ id, name, created, expires }) => [
        id,
        name,
        created,
        expires ?? 'never',
      ])
      return table(['id', 'name', 'created', 'expires'], rows, 4)
    })
  },
}

export const tokenRevoke: Command = {
  name: 'token revoke',
  operands: ['id'],
  about: 'revoke a token: it is refused everywhere within 10 seconds',
  options: SITE,
  async run(call) {
    const id = needed(call.given, 'id')
    await call.ask('DELETE', sitePath(call.given, 'tokens', id))
    call.note(`${id} is revoked.`)
  },
}

/** RFC 3339 of `90d` from now on, and of the midnight that a date begins with; whether there is such a time is for the API to judge. */
function expiryOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const [, days, time] = /^(?:(\d{1,4})d|\d{4}-\d\d-\d\d(T.*)?)$/.exec(given) ?? misfit(given)
  if (Number(days) === 0) throw misuse(`--expires ${given} is in the past.`)
  if (days) return new Date(Date.now() + Number(days) * DAY).toISOString()
  return time ? given : `${given}T00:00:00Z`
}

function misfit(given: string): never {
  throw misuse(`--expires must be up to 9999 days (90d), a date (2027-01-01) or RFC 3339, not ${given}.`)
}
