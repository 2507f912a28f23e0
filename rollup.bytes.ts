/**
 * Where the bytes of a script are: minified code and its source map go in, the share of each source module comes out.
 */

import { SourceMap, type SourceMapPayload } from 'node:module'
import { brotliCompressSync, constants } from 'node:zlib'

export interface Share {
  /** `sdk/calls.ts`. */
  module: string
  minified: number
  /** What the script would be smaller without the module's characters, scaled so that the shares add up. */
  brotli: number
}

/** Bytes as a CDN sends them: brotli at its best quality. */
export function brotli(code: string | Uint8Array): number {
  return brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).byteLength
}

/** The shares of a script, largest first. What is of no module, as its first line, is the rest. */
export function sharesOf(code: string, payload: SourceMapPayload): Share[] {
  const map = new SourceMap(payload)
  const owners = code.split(/(?<=\n)/).flatMap((line, number) =>
    Array.from(line, (_, column) => {
      const entry = map.findEntry(number, column)
      return 'originalSource' in entry ? moduleOf(entry.originalSource) : '(rest)'
    }),
  )
  const total = brotli(code)
  const shares = [...new Set(owners)].map(module => {
    const without = Array.from(code, (char, i) => (owners[i] === module ? '' : char)).join('')
    return { module, minified: code.length - without.length, brotli: total - brotli(without) }
  })
  const sum = shares.reduce((sum, share) => sum + share.brotli, 0)
  return shares
    .map(share => ({ ...share, brotli: Math.round((share.brotli * total) / sum) }))
    .sort((a, b) => b.brotli - a.brotli)
}

/** The shares as lines of text. */
export function byteTable(name: string, code: string, payload: SourceMapPayload): string {
  const line = (module: string, minified: number, bytes: number) =>
    `${module.padEnd(28)}${String(minified).padStart(8)}${String(bytes).padStart(8)}`
  return [
    `${name.padEnd(28)}minified  brotli`,
    ...sharesOf(code, payload).map(({ module, minified, brotli }) => line(module, minified, brotli)),
    line('total', code.length, brotli(code)),
    '',
  ].join('\n')
}

function moduleOf(source: string): string {
  return source.replace(/^.*node_modules\/((@[^/]+\/)?[^/]+).*/, '$1').replace(/^(\.\.\/)+/, '')
}
