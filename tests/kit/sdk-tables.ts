/** The tables of docs/sdk.md, made from the types of the SDK and what their comments say. */

import { readFileSync } from 'node:fs'

interface Member {
  name: string
  /** As TypeScript has it, without what every option may be. */
  type: string
  doc: string
}

const VIEW = 'schema/wire/pageview.ts'
const FIELDS = ['field', 'type', 'meaning']

/** Functions, options, adapters, and what `beforeSend` sees. */
export function sdkTables(): string {
  return [
    chapter(
      'Functions',
      ['function', 'what it does'],
      membersOf('sdk/fieldline.ts', 'Fieldline').map(({ name, type, doc }) => [`${name}${type}`, doc]),
    ),
    chapter(
      'Options',
      ['option', 'attribute of the tag', 'type', 'meaning'],
      membersOf('sdk/settings.ts', 'InitOptions').map(({ name, type, doc }) => [
        name,
        // A tag has no functions.
        type.includes('=>') ? '' : `data-${kebab(name)}`,
        type,
        doc,
      ]),
    ),
    chapter('What beforeSend sees', FIELDS, beacon()),
    chapter('A call of it', FIELDS, membersOf(VIEW, 'ApiCall').map(described)),
    chapter(
      'Options of a tag that a server writes',
      FIELDS,
      membersOf('sdk/adapters/hono.ts', 'TagOptions').map(described),
    ),
  ].join('\n\n')
}

/** A page view as the browser tells it: what its type changes stands in place of what it extends. */
function beacon(): string[][] {
  const own = new Map(membersOf(VIEW, 'Beacon').map(member => [member.name, member]))
  return membersOf(VIEW, 'PageView').map(member => described(own.get(member.name) ?? member))
}

/** A member as a row; of a name for some words, such as `Outcome`, the words. */
function described({ name, type, doc }: Member): string[] {
  const [alias = ''] = /^[A-Z]\w+/.exec(type) ?? []
  const list = new RegExp(`^export const ${alias.toUpperCase()}S = \\[([^\\]]+)\\]`, 'm').exec(
    readFileSync(VIEW, 'utf8'),
  )
  const words = list?.[1]?.match(/'[^']+'/g)
  return [name, words ? type.replace(alias, words.join(' | ')) : type, doc]
}

/** The members of an interface: a comment, a name, a type that ends with its line. A name for many, `tag${string}`, is `tag<Name>`. */
function membersOf(file: string, type: string): Member[] {
  const source = readFileSync(file, 'utf8')
  const [, body] =
    new RegExp(`^export interface ${type}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? []
  if (body === undefined) throw new Error(`${file} has no interface ${type}.`)
  const members = body
    .replace(/\[\w+: `(\w+)\$\{string\}`\]/g, '$1<Name>')
    .matchAll(/(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}([\w<>]+)(\??: |(?=\())(.+)\n/g)
  return [...members].map(([, doc = '', name = '', , given = '']) => ({
    name,
    type: given.replace(/ \| undefined$/, '').replace(/^\((\(.*=>.*)\)$/, '$1'),
    doc: textOf(doc),
  }))
}

/** A comment as one line. */
function textOf(doc: string): string {
  if (doc.includes('/**')) throw new Error(`A member has no row of its own: ${doc}`)
  return doc
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

function kebab(name: string): string {
  return name.replace(/<?[A-Z]/g, start => `-${start.toLowerCase()}`)
}

/** All but the last cell is code, which is words. */
function chapter(title: string, heads: string[], rows: string[][]): string {
  if (!rows.length) throw new Error(`There is nothing in ${title}.`)
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const body = rows.map(cells => line([...cells.slice(0, -1).map(code), escaped(cells.at(-1) ?? '')]))
  return [`## ${title}`, '', line(heads), `|${'---|'.repeat(heads.length)}`, ...body].join('\n')
}

function code(text: string): string {
  if (!text) return ''
  return escaped(text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}
