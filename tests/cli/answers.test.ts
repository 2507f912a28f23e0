/** What the CLI makes of answers that no worker means to give: cut off, sent elsewhere, or of yesterday. */

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BFCACHE_EXAMPLE } from '../../schema/api/bfcache.ts'
import { BLOCKING_EXAMPLE } from '../../schema/api/blocking.ts'
import type { BudgetAnswer } from '../../schema/api/budgets.ts'
import { CAUSES_EXAMPLE } from '../../schema/api/causes.ts'
import { ERRORS_EXAMPLE } from '../../schema/api/errors.ts'
import { PAGEVIEWS_EXAMPLE } from '../../schema/api/pageviews.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { CHANGES, SUMMARY, TRENDS } from '../../schema/openapi/question-examples.ts'
import { BUDGET } from '../../schema/openapi/site-examples.ts'
import { CLI, cli as run } from './run.ts'

let answer: RequestListener
const server = createServer((request, response) => answer(request, response))
const folder = mkdtempSync(join(tmpdir(), 'fieldline-answers-'))
beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  server.close()
})

const root = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const cli = (...args: string[]) => run(args, { FIELDLINE_URL: root(), FIELDLINE_TOKEN: 'x' }, folder)

const WHOLE = JSON.stringify({ data: Array.from({ length: 500 }, (_, i) => ({ site: `site-${i * i}` })) })
/** Half of a JSON answer, in these bytes, and then the end of the connection. */
const cutOff =
  (encoding: 'gzip' | 'identity'): RequestListener =>
  (_, response) => {
    const bytes = encoding === 'gzip' ? gzipSync(WHOLE) : Buffer.from(WHOLE)
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding }
    response.writeHead(200, headers)
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
  }

describe('an answer that is cut off', () => {
  // Of compressed answers, Node's fetch gives what came as if it were all.
  it.each(['gzip', 'identity'] as const)('is called that, compressed by %s', async encoding => {
    answer = cutOff(encoding)
    const { code, out, said } = await cli('site', 'list')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(said).toBe(`fieldline: The answer of ${root()} was cut off. Ask again.\n`)
  })

  it.each(['gzip', 'identity'] as const)('makes no file of OTLP and prints none, by %s', async encoding => {
    answer = cutOff(encoding)
    const asked = ['export', '--site', 'shop', '--format', 'otlp']
    const wanted = { code: 1, out: '', said: `fieldline: The answer of ${root()} was cut off. Ask again.\n` }
    expect(await cli(...asked)).toEqual(wanted)
    writeFileSync(join(folder, 'before.json'), 'of yesterday')
    expect(await cli(...asked, '--out', 'new.json')).toEqual(wanted)
    expect(readdirSync(folder)).toEqual(['before.json'])
  })
})

describe('fieldline check --budgets', () => {
  const ago = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString()
  const judged = (change: Partial<BudgetAnswer>, ...args: string[]) => {
    const budget: BudgetAnswer = { ...BUDGET, since: ago(1_000), ...change }
    answer = (_, response) => response.end(JSON.stringify({ site: 'shop', data: [budget] }))
    return cli('check', '--site', 'shop', '--budgets', ...args)
  }

  it('passes on what was judged lately', async () => {
    expect(await judged({ state: 'ok', checked: ago(1) })).toMatchObject({ code: 0 })
    const made = { state: 'no-data', value: null, checked: null, since: ago(1) } as const
    expect(await judged(made)).toMatchObject({ code: 4, out: expect.stringContaining('not judged yet') })
  })

  it.each(['ok', 'no-data'] as const)('passes no budget that is %s and judged no more', async state => {
    const { code, out } = await judged({ state, checked: ago(5) }, '--too-little', '0')
    expect(code).toBe(1)
    expect(out).toMatch(/not judged +budget .*, not judged since 2\d{3}-\d\d-\d\d \d\d:\d\d UTC/)
  })

  it('passes no budget that was never judged', async () => {
    const never = { state: 'no-data', value: null, checked: null } as const
    expect(await judged(never, '--too-little', '0')).toMatchObject({ code: 1 })
  })

  it('fails on a breach, however old', async () => {
    expect(await judged({ state: 'breached', checked: ago(50) })).toMatchObject({ code: 3 })
  })

  it('is an error of JUnit and a line of Markdown', async () => {
    const files = ['--junit', 'junit.xml', '--markdown', 'result.md']
    await judged({ state: 'ok', checked: ago(5) }, ...files)
    const [junit, markdown] = ['junit.xml', 'result.md'].map(name => readFileSync(join(folder, name), 'utf8'))
    expect(junit).toMatch(/errors="1".*<error message="not judged: /s)
    expect(markdown).toContain('not judged')
    for (const name of ['junit.xml', 'result.md']) rmSync(join(folder, name))
  })
})

describe('an answer that a sample made', () => {
  const RANGE = { from: '2026-11-20T08:00:00.000Z', to: '2026-11-21T09:00:00.000Z' }
  const view = PAGEVIEWS_EXAMPLE.data[0]
  it.each([
    ['summary', SUMMARY],
    ['trends', TRENDS],
    ['changes', CHANGES],
    ['causes', CAUSES_EXAMPLE],
    ['blocking', BLOCKING_EXAMPLE],
    ['bfcache', BFCACHE_EXAMPLE],
    ['errors', ERRORS_EXAMPLE],
    ['pageviews', { ...RANGE, ...PAGEVIEWS_EXAMPLE, data: [view] }],
  ])('says so in words, of %s', async (command, example) => {
    const said = async (sampled: number, ...args: string[]) => {
      answer = (_, response) => response.end(JSON.stringify({ ...example, sampled }))
      const { code, out } = await cli(command, '--site', 'shop', ...args)
      expect(code).toBe(0)
      return out
    }
    const sample = 'A sample: of the single page views one in 1,024 was read.\n'
    expect(await said(1_024)).toContain(sample)
    expect(await said(1)).not.toContain('sample:')
    expect(JSON.parse(await said(1_024, '--json'))).toMatchObject({ sampled: 1_024 })
  })

  it('of page views has the cursor of the next', async () => {
    answer = (_, response) => response.end(JSON.stringify(PAGEVIEWS_EXAMPLE))
    const { said } = await cli('pageviews', '--site', 'shop')
    expect(said).toBe(`There are more: --cursor ${PAGEVIEWS_EXAMPLE.cursor}\n`)
  })
})

describe('an address that redirects', () => {
  it('is named with the one that it leads to, and gets no token', async () => {
    const asked: (string | undefined)[] = []
    answer = ({ url, method, headers }, response) => {
      asked.push(`${method} ${url} ${headers.authorization}`)
      response.writeHead(301, { Location: `https://rum.example${url}` }).end()
    }
    for (const command of ['site list', 'deploy --site shop --release 1', 'export --site shop --last 1d']) {
      const { code, out, said } = await cli(...command.split(' '))
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(said).toContain(`${root()} leads to https://rum.example: pass --url https://rum.example`)
    }
    expect(asked).toHaveLength(3)
  })
})

describe('a full disk', () => {
  it.each(['site list --json', 'export --site shop --format otlp'])(
    'is one sentence of %s',
    async command => {
      answer = (_, response) => response.end(WHOLE)
      const script = `"$NODE" "$CLI" ${command} > /dev/full`
      const env = { NODE: process.execPath, CLI, FIELDLINE_URL: root(), FIELDLINE_TOKEN: 'x' }
      const { status, stderr } = await new Promise<{ status: number; stderr: string }>(done => {
        execFile('bash', ['--norc', '-c', script], { env }, (error, _, stderr) =>
          done({ status: error ? Number(error.code) : 0, stderr }),
        )
      })
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(/^fieldline: The output cannot be written: ENOSPC.*\n$/),
      })
    },
  )
})

describe('an export that was cut off', () => {
  const lines = (...ids: string[]) => ids.map(id => `${JSON.stringify({ id, cursor: id })}\n`).join('')
  const asked = ['export', '--site', 'shop', '--last', '1d', '--out', 'views.ndjson']
  const path = (name: string) => join(folder, name)
  const cut = async () => {
    answer = ({ url }, response) =>
      url?.includes('cursor=') ? response.writeHead(401).end() : response.end(lines('a'))
    expect(await cli(...asked)).toMatchObject({ code: 1 })
  }
  const whole = () => {
    answer = ({ url }, response) =>
      response.end(`${url?.includes('cursor=') ? lines('b') : lines('a', 'b')}{"cursor":null}\n`)
    return cli(...asked)
  }

  it('goes on with the same command', async () => {
    await cut()
    expect((await whole()).said).toContain('Going on after 1 page views')
    expect(readFileSync(path('views.ndjson'), 'utf8')).toBe(lines('a', 'b'))
  })

  it('begins anew the next night: the last day is another one', async () => {
    await cut()
    const [first = '', ...rest] = readFileSync(path('views.ndjson.part'), 'utf8').split('\n')
    const day = (time: string) => new Date(Date.parse(time) - 24 * HOUR).toISOString()
    const { from, to, ...part } = JSON.parse(first)
    const before = JSON.stringify({ ...part, from: day(from), to: day(to) })
    writeFileSync(path('views.ndjson.part'), [before, ...rest].join('\n'))
    const { code, said } = await whole()
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(
        /^What was left of an export up to .* is dropped: .*\nWrote views.ndjson: 2 /,
      ),
    })
    expect(readFileSync(path('views.ndjson'), 'utf8')).toBe(lines('a', 'b'))
    expect(readdirSync(folder)).not.toContain('views.ndjson.part')
  })
})
