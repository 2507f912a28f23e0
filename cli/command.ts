/**
 * What a command is: its words, what it takes and what it does. One description makes both what is understood
 * (`understand`) and the help.
 */

import { parseArgs } from 'node:util'
import type { Ask, Open } from './api.ts'
import { misuse } from './failure.ts'
import { nearest } from './nearest.ts'

interface Option {
  /** What stands for the value in the help: `<url>`. A switch has none. */
  value?: string
  help: string
  /** One letter: `-h`. */
  short?: string
  /** May be given more than once. */
  many?: true
}
export type Options = Record<string, Option>

export interface Command {
  /** `site add` */
  name: string
  /** The names of the arguments that must follow. */
  operands: string[]
  /** One line. */
  about: string
  options: Options
  /** Asks no worker, so it needs neither address nor token. */
  offline?: true
  /** It does its part without a token, too. */
  tokenless?: true
  run(call: Call): Promise<void>
}

/** What was given to a command, options and operands, by name. */
export type Given = Record<string, string | boolean | (string | boolean)[] | undefined>

export interface Call {
  given: Given
  ask: Ask
  /** Asks for an answer that is no JSON, or too large to wait for its end. */
  open: Open
  /** What the program exits with; 0 where nobody says. */
  exit(code: number): void
  /** Prints what was asked for. */
  print(text: string): void
  /** Says something beside it, which no program reads. */
  note(text: string): void
}

/** The options of every command. */
export const COMMON: Options = {
  url: { value: '<url>', help: 'the address of your worker; default: FIELDLINE_URL' },
  token: { value: '<token>', help: 'the bearer token; default: FIELDLINE_TOKEN' },
  json: { help: "print the API's own JSON" },
  help: { short: 'h', help: 'print this help' },
}

/** Reads the arguments after a command's name. Throws a misuse where they are not what it takes. */
export function understand(command: Command, args: string[]): Given {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON }).map(([name, { value, many, short }]) => [
      name,
      {
        type: value ? ('string' as const) : ('boolean' as const),
        multiple: many ?? false,
        ...(short && { short }),
      },
    ]),
  )
  const { values, positionals } = parse(args, options)
  if (values.help) return values
  const missing = command.operands[positionals.length]
  if (missing) throw misuse(`<${missing}> is missing.`)
  if (positionals.length > command.operands.length) {
    const surplus = positionals[command.operands.length] ?? ''
    const hint = command.options.site && values.site === undefined ? ` Did you mean --site ${surplus}?` : ''
    throw misuse(`Unexpected argument ${JSON.stringify(surplus)}.${hint}`)
  }
  return { ...values, ...Object.fromEntries(command.operands.map((name, i) => [name, positionals[i]])) }
}

/** The value of an option or operand. */
export function one(given: Given, name: string): string | undefined {
  const value = given[name]
  return typeof value === 'string' ? value : undefined
}

/** The same where a command cannot do without. */
export function needed(given: Given, name: string): string {
  const value = one(given, name)
  if (value === undefined) throw misuse(`--${name} is missing.`)
  return value
}

/** The values of an option that may be given more than once. */
export function all(given: Given, name: string): string[] {
  const values = given[name]
  return Array.isArray(values) ? values.filter(value => typeof value === 'string') : []
}

/** Prints an answer, as it came or in words. Those say of every answer that a sample made that it did. */
export function show(call: Call, answer: unknown, inWords: () => string): void {
  call.print(call.given.json ? JSON.stringify(answer, null, 2) : `${inWords()}${sampleOf(answer)}`)
}

function sampleOf(answer: unknown): string {
  const { sampled } = (answer ?? {}) as { sampled?: unknown }
  if (typeof sampled !== 'number' || sampled <= 1) return ''
  return `\n\nA sample: of the single page views one in ${sampled.toLocaleString('en-US')} was read.`
}

/** Makes what `body` says, and says so where it is there already: the API makes nothing twice, and answers 200. */
export async function make<T>(call: Call, path: string, body: unknown): Promise<T> {
  const onStatus = (status: number) => {
    if (status === 200) call.note('It is there already: nothing has changed.')
  }
  return call.ask<T>('POST', path, { body, onStatus })
}

type ParseOptions = Record<string, { type: 'string' | 'boolean'; multiple: boolean; short?: string }>

function parse(args: string[], options: ParseOptions) {
  // `--from -7d`: a value, though it begins as an option does.
  const joined = args.reduce<string[]>((list, arg) => {
    const before = list.at(-1)
    if (/^-\d/.test(arg) && before?.startsWith('--')) list[list.length - 1] = `${before}=${arg}`
    else list.push(arg)
    return list
  }, [])
  const { tokens } = parseArgs({ args: joined, options, strict: false, allowPositionals: true, tokens: true })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    checkOption(token, options)
    if (seen.has(token.name) && token.value !== undefined && !options[token.name]?.multiple)
      throw misuse(`--${token.name} is given twice. A list has commas.`)
    seen.add(token.name)
  }
  return parseArgs({ args: joined, options, allowPositionals: true })
}

type OptionToken = Extract<NonNullable<ReturnType<typeof parseArgs>['tokens']>[number], { kind: 'option' }>

/** Throws a misuse where there is no such option, or it has a value that it does not take, or lacks one. */
function checkOption({ rawName, name, value, inlineValue }: OptionToken, options: ParseOptions): void {
  const option = options[name]
  if (!option) throw misuse(`Unknown option ${rawName}.${suggestion(name, Object.keys(options))}`)
  if (option.type === 'boolean' && value !== undefined) throw misuse(`--${name} takes no value.`)
  // `--site --json`: the next option is no value.
  if (option.type === 'string' && (value === undefined || (!inlineValue && /^--?[a-z]/i.test(value))))
    throw misuse(`--${name} needs a value.`)
}

function suggestion(name: string, names: string[]): string {
  const near = nearest(name, names)
  return near ? ` Did you mean --${near}?` : ''
}
