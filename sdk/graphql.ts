/**
 * GraphQL: a call to one address goes in, the name of the operation that it asks for comes out. The core does without.
 */

import { quietly } from './quietly.ts'

/** Names what a call asks for, where the address alone does not: ` GetCart`. */
export type NameOperation = (url: URL, body: unknown, headers: HeadersInit | undefined) => string | undefined

/** The longest body, in characters, that is read. */
const MAX_BODY = 50_000

interface Operation {
  operationName?: unknown
  query?: unknown
}

/**
 * For a path that ends in `graphql` or `gql` the name that the request gives its operation: in its body, its address, or a
 * header; else the one in the document itself. Of a batch that of the first, and how many more there are: ` GetCart +2`. All
 * are parsed, so that no value that a visitor wrote is taken for it.
 */
export const operationOf: NameOperation = quietly((url, body, headers) => {
  if (!/g(raph)?ql(\.\w+)?\/?$/i.test(url.pathname)) return
  const json: Operation | Operation[] =
    typeof body === 'string' && body.length < MAX_BODY
      ? JSON.parse(body)
      : Object.fromEntries(url.searchParams)
  const [{ operationName, query } = {}, ...more] = [json].flat()
  const name = operationName || new Headers(headers).get('x-apollo-operation-name') || nameIn(`${query}`)
  return /^\w{1,64}$/.test(`${name}`) ? ` ${name} +${more.length}`.replace(' +0', '') : undefined
})

/**
 * The name of the first operation of a document: at its beginning or behind the end of another definition. Texts and comments
 * may hold anything.
 */
function nameIn(document: string): string {
  const code = document.replace(/"(""[\s\S]*?""|(\\.|[^"\\])*)"|#.*/g, '')
  return /(?:^|})[\s,]*(?!f)\w+\s+(\w+)\s*[({@]/.exec(code)?.[1] ?? ''
}
