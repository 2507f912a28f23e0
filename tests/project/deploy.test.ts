import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { databasesIn } from '../../cli/setup/migrate.ts'

const out = mkdtempSync(join(tmpdir(), 'fieldline-deploy-'))
afterAll(() => rmSync(out, { recursive: true }))

it('wrangler would deploy with a second database, queue and lake, their comments off', () => {
  const config = readFileSync('wrangler.toml', 'utf8').replace(/^# (?=\[|[a-z_A-Z]+ = )/gm, '')
  const file = 'wrangler.queue-test.toml'
  writeFileSync(file, config)
  try {
    const said = execFileSync('npx', ['wrangler', 'deploy', '--dry-run', '--config', file], {
      encoding: 'utf8',
    })
    for (const binding of ['env.DB_2', 'env.QUEUE', 'env.INGEST', 'env.LAKE']) expect(said).toContain(binding)
  } finally {
    rmSync(file)
  }
})

it('migrates every database that wrangler.toml binds', () => {
  const config = readFileSync('wrangler.toml', 'utf8')
  expect(databasesIn(config)).toEqual(['DB'])
  expect(databasesIn(config.replace(/^# (?=\[|[a-z_A-Z]+ = )/gm, ''))).toEqual(['DB', 'DB_2'])
})

it('logs no request: neither its headers nor its address', () => {
  const { observability } = unstable_readConfig({ config: 'wrangler.toml' })
  // An invocation log holds the headers of a request, with its address and its user agent.
  expect(observability).toMatchObject({
    enabled: true,
    redact_query_string: true,
    logs: { enabled: true, invocation_logs: false },
    traces: { enabled: false },
  })
})

it('deploys within the free plan’s 3 MB, without the demo', () => {
  const said = execFileSync('npx', ['wrangler', 'deploy', '--dry-run', '--outdir', out], { encoding: 'utf8' })
  expect(said).toContain('--dry-run: exiting now.')
  for (const binding of ['env.DB', 'env.ASSETS', 'env.BEACON_LIMIT']) expect(said).toContain(binding)
  const bundle = readdirSync(out).find(name => name.endsWith('.js')) ?? ''
  expect(statSync(join(out, bundle)).size).toBeLessThan(3_000_000)
  expect(readFileSync(join(out, bundle), 'utf8')).not.toContain('/demo/api/hero')
})
