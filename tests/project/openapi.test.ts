import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OPERATIONS as OPENAPI, openApi } from '../../schema/openapi/document.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { decode } from '../../schema/wire/decode.ts'
import { TOOLS } from '../../worker/formats/mcp-tools.ts'
import { DOCUMENT, faults, faultsOf, OPERATIONS } from '../kit/contract.ts'
import { pageView } from '../kit/pageview.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

describe('dist/public/v1/openapi.json', () => {
  it('is what the schemas say', () => {
    expect(DOCUMENT).toEqual(JSON.parse(JSON.stringify(openApi(version))))
  })

  it('pleases a public linter, warnings included', () => {
    const { status, stdout, stderr } = spawnSync(
      'npx',
      [
        ...['--no-install', 'redocly', 'lint', 'dist/public/v1/openapi.json'],
        ...['--config', 'schema/openapi/redocly.yaml', '--format', 'json'],
      ],
      { encoding: 'utf8', env: { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } },
    )
    const found = stdout.indexOf('{')
    expect(found, stderr).toBeGreaterThanOrEqual(0)
    const { totals, problems } = JSON.parse(stdout.slice(found))
    expect(problems).toEqual([])
    expect(totals).toEqual({ errors: 0, warnings: 0, ignored: 0 })
    expect(status).toBe(0)
  })

  it('needs no worker: Cloudflare serves it', () => {
    expect(readFileSync('wrangler.toml', 'utf8')).toMatch(/^run_worker_first = .*"!\/v1\/openapi\.json"/m)
  })
})

describe('a question of the API', () => {
  const asked = OPENAPI.filter(({ tag, method }) => tag === 'Questions' && method === 'get').map(
    ({ path }) => path,
  )
  const sources = readdirSync('cli', { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  const commands = sources.map(name => readFileSync(`cli/${name}`, 'utf8')).join('\n')

  it('has a tool of MCP, or a reason to have none', () => {
    const reasons = {
      '/v1/timeseries': 'a summary of another range says the same in fewer words',
      '/v1/trends': 'what_changed compares every group at once',
      '/v1/pageview': 'slowest_pageviews answers page views whole',
      '/v1/delivery': 'every answer says what it is missing',
      '/v1/deploys': 'a summary by release tells releases apart',
    }
    const tools = Object.values(TOOLS).map(({ path }): string => path)
    expect(asked.filter(path => !tools.includes(path))).toEqual(Object.keys(reasons))
  })

  it('has a command, or a reason to have none', () => {
    const reasons = {
      '/v1/timeseries': 'its points are drawn by the dashboard, and are CSV by curl',
      '/v1/pageview': 'pageviews answers page views whole',
    }
    const missing = asked.filter(path => !commands.includes(`'${path}'`))
    expect(missing).toEqual(Object.keys(reasons))
  })
})

describe('the schema of a beacon', () => {
  const changed = (change: object) => ({ ...JSON.parse(encode(pageView())), ...change })
  const judge = (change: object) => faults({ $ref: '#/components/schemas/Beacon' }, changed(change))

  it('fits what the script sends', () => {
    const call = ['GET /api', 10, 20, 'ok']
    const script = ['/app.js', 'click', 40]
    expect(judge({})).toEqual([])
    expect(judge({ calls: [call, [...call, 200, null, 3, [['db', 4]]]] })).toEqual([])
    expect(judge({ why: [['h1', null, 0, 0, 9], ['button', 'click', 5, 1, 2, 3, script], null] })).toEqual([])
  })

  it.each([{ id: 'short' }, { id: undefined }, { v: 2 }, { weight: 0 }, { sequence: -1 }])(
    'refuses %j, as the worker does',
    change => {
      expect(decode(JSON.stringify(changed(change)))).toHaveProperty('error')
      expect(judge(change)).not.toEqual([])
    },
  )

  it.each([
    { vitals: { lcp: 'fast' } },
    { calls: [['GET /api', 10]] },
    { calls: [['GET /api', 10, 20, 'fine']] },
    { calls: '[]' },
    { why: [['img']] },
    { route: 7 },
    { marks: 1 },
  ])('does not describe %j, of which the worker reads the rest', change => {
    expect(decode(JSON.stringify(changed(change)))).toHaveProperty('ok')
    expect(judge(change)).not.toEqual([])
  })
})

const HOOKS = Object.entries(DOCUMENT.webhooks).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, hook]) => ({ method, path, ...hook })),
)

describe.each([...OPERATIONS, ...HOOKS])('$method $path', operation => {
  it('describes each of its parameters', () => {
    for (const { name, description } of operation.parameters) expect(description, name).toMatch(/\w/)
  })

  it('gives an example of each body and answer, which fits its schema', () => {
    const answers = [...Object.values(operation.responses), ...Object.values(DOCUMENT.components.responses)]
    for (const { content = {} } of [operation.requestBody ?? {}, ...answers]) {
      for (const [type, media] of Object.entries(content)) {
        expect(media.example, type).toBeDefined()
        const text = typeof media.example === 'string' ? media.example : JSON.stringify(media.example)
        expect(faultsOf(media, text), type).toEqual([])
      }
    }
  })
})
