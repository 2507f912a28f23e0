/** `fieldline rules ...`: how a site's routes and endpoints are named. */

import { readFileSync } from 'node:fs'
import type { Rules, RulesAnswer, RulesPreview, RulesSuggestions } from '../schema/api/rules.ts'
import { type Command, needed, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { rulesFrom } from './openapi-rules.ts'
import { sitePath } from './range.ts'
import { table } from './table.ts'

export const rulesGet: Command = {
  name: 'rules get',
  operands: ['site'],
  about: 'print the naming rules as JSON, to be edited and set',
  options: {},
  async run(call) {
    const answer = await call.ask<RulesAnswer>('GET', sitePath(call.given, 'rules'))
    const { site: _, since, changes: __, ...rules } = answer
    show(call, answer, () => JSON.stringify(rules satisfies Rules, null, 2))
    call.note(since ? `Set at ${since}.` : 'Never set: names are kept as they come.')
  },
}

export const rulesSet: Command = {
  name: 'rules set',
  operands: ['site', 'file'],
  about: 'set the naming rules of a JSON file, or --preview them',
  options: { preview: { help: 'set nothing; say what each rule would catch of the names of the last day' } },
  async run(call) {
    const body = withoutAnswer(readJson(needed(call.given, 'file')))
    if (call.given.preview) {
      const answer = await call.ask<RulesPreview>('POST', sitePath(call.given, 'rules', 'preview'), { body })
      show(call, answer, () => inWords(answer, body as Rules))
      return
    }
    const answer = await call.ask<RulesAnswer>('PUT', sitePath(call.given, 'rules'), { body })
    show(call, answer, () => `${answer.rules.length} rules, since ${answer.since}`)
    call.note('What arrives is named by them, everywhere within 20 seconds. What is stored stays.')
  },
}

export const rulesSuggest: Command = {
  name: 'rules suggest',
  operands: ['site'],
  about: 'propose rules for segments with many values',
  options: {},
  async run(call) {
    const answer = await call.ask<RulesSuggestions>('GET', sitePath(call.given, 'rules', 'suggestions'))
    show(call, answer, () => {
      if (!answer.data.length) return 'No segment has many values.'
      const rows = answer.data.map(({ rule, names, count, examples }) => [
        ...[rule.kind, rule.pattern, String(names), String(count)],
        examples.slice(0, 2).join(' '),
      ])
      return table(['kind', 'pattern', 'names', 'count', 'such as'], rows, 2)
    })
  },
}

export const rulesFromOpenApi: Command = {
  name: 'rules from-openapi',
  operands: ['file'],
  about: 'print rules for the paths of an OpenAPI file (JSON)',
  options: { host: { value: '<host>', help: 'only for calls to this host: api.shop.example' } },
  offline: true,
  async run(call) {
    const rules = rulesFrom(readJson(needed(call.given, 'file')), one(call.given, 'host'))
    call.print(JSON.stringify(rules, null, 2))
    call.note(`${rules.rules.length} rules. Set them with: fieldline rules set <site> <file>`)
  },
}

/** What `rules get --json` and the API say beside the rules is not set. */
function withoutAnswer(read: unknown): unknown {
  if (typeof read !== 'object' || read === null || !('changes' in read)) return read
  const { site: _, since: __, changes: ___, ...rules } = read as Partial<RulesAnswer>
  return rules
}

/** What each rule would catch, a line each. */
function inWords({ rules, settings, stays, routes, endpoints }: RulesPreview, given: Rules): string {
  const rows = rules.map(({ names, count, examples: [first] }, i) => {
    const { kind = '', pattern = '' } = given.rules[i] ?? {}
    const becomes = first ? `${first.name} -> ${first.becomes ?? 'ignored'}` : ''
    return [kind, pattern, String(names), String(count), becomes]
  })
  const caught = table(['kind', 'pattern', 'names', 'count', 'such as'], rows, 2)
  return `${caught}

${routes.before} routes become ${routes.after}, ${endpoints.before} endpoints become ${endpoints.after}.
The settings alone change ${settings.names} names; ${stays.names} stay.`
}

function readJson(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw misuse(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    const hint = /\.ya?ml$/.test(file) ? ` Convert it first: npx js-yaml ${file} > api.json` : ''
    throw misuse(`${file} is not JSON.${hint}`)
  }
}
