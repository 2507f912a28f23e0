/** What the API calls its fields, in the words that were typed: `group_by` is `--group-by`, `site` may be `<site>`. */

import type { Command, Given } from './command.ts'

type Typeable = Pick<Command, 'operands' | 'options'>

/** Options and operands that have another name than the field that they become. */
const CALLED: Readonly<Record<string, string>> = {
  window_hours: 'hours',
  url: 'address',
  baseline_release: 'against',
}

/** Where a sentence may name a field: `metrics=api`, `baseline_release`, `before to`. What is quoted was written by somebody. */
const NAMES = /"(?:[^"\\]|\\.)*"|\b([a-z_]+)=(?=\S)|\b([a-z]+(?:_[a-z]+)+)\b|(?<=\bbefore )(to)$/g

/** Writes a sentence of the API, which begins with `field`, for whoever typed this command. */
export function typedBy(command: Typeable, given: Given) {
  return (detail: string, field = ''): string => {
    const isFirst = field && detail.startsWith(`${field} `)
    const first = isFirst ? (typed(field, command, given) ?? field) : ''
    const rest = isFirst ? detail.slice(field.length) : detail
    return (
      first +
      rest.replace(NAMES, (found: string, assigned?: string, named?: string, end?: string) => {
        const name = assigned ?? named ?? end
        const option = name && typed(name, command, given)
        return option ? `${option}${assigned ? ' ' : ''}` : found
      })
    )
  }
}

/** The option or operand that a field comes from; null where it comes from none, as out of a file. */
function typed(field: string, command: Typeable, given: Given): string | null {
  const [base = '', part] = field.replace(/^filters\./, '').split('.')
  if (base.endsWith('!')) return '--not'
  if (given.last !== undefined && base === 'from') return '--last'
  if (given.last !== undefined && base === 'to') return 'now'
  const name = nameOf(base, command)
  if (name === undefined) return null
  if (command.operands.includes(name)) return `<${name}>`
  return part === undefined ? `--${name}` : `--${name} ${partOf(given[name], part)}`
}

/** What an option or operand of a field is called: `--origin` is one of `origins`. */
function nameOf(field: string, { operands, options }: Typeable): string | undefined {
  const hyphened = field.replaceAll('_', '-')
  const known = [...operands, ...Object.keys(options)]
  return [hyphened, hyphened.replace(/s$/, ''), CALLED[field] ?? ''].find(name => known.includes(name))
}

/** The value that was given at this place, as an option of its own or in a list with commas; else its key. */
function partOf(given: Given[string], part: string): string {
  const values = typeof given === 'string' ? given.split(',') : given
  const value = Array.isArray(values) ? values[Number(part)] : undefined
  return typeof value === 'string' ? value : part
}
