import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'fieldline-package-'))
let tarball: string

beforeAll(() => {
  // What is packed is what `npm run build` left in dist: npm test builds first.
  const pack = (path: string): string => {
    const [packed] = JSON.parse(
      run('npm', ['pack', path, '--json', '--ignore-scripts', '--pack-destination', folder], ROOT),
    )
    return join(folder, packed.filename)
  }
  tarball = pack('.')
  // As an application that has web-vitals: no registry is asked.
  const webVitals = pack('./node_modules/web-vitals')
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', webVitals, tarball], folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the package holds the built SDK, its types and nothing of the worker', () => {
  const files = run('tar', ['-tzf', tarball], folder).trim().split('\n').sort()
  expect(files.filter(file => !file.startsWith('package/dist/types/'))).toEqual(
    expect.arrayContaining([
      ...['cli.js', 'fieldline.js', 'fieldline.core.js', 'index.js', 'core.js', 'sri.json'].map(
        name => `package/dist/${name}`,
      ),
      'package/package.json',
    ]),
  )
  expect(files.filter(file => /worker|demo|tests|tables/.test(file))).toEqual([])
})

test('the package brings web-vitals and nothing else, and shares that of the application', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/fieldline/package.json'), 'utf8'))
  expect(Object.keys(manifest.dependencies)).toEqual(['web-vitals'])
  expect(manifest.peerDependencies ?? {}).toEqual({})
  const installed = readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.'))
  expect(installed.sort()).toEqual(['fieldline', 'web-vitals'])
  expect(existsSync(join(folder, 'node_modules/fieldline/node_modules'))).toBe(false)
})

test('publint and the ESM profile of attw find nothing', () => {
  run(bin('publint'), ['--strict', tarball], ROOT)
  run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-color'], ROOT)
})

for (const resolution of ['bundler', 'nodenext'])
  test(`a consumer compiles with moduleResolution ${resolution}, types checked to the last file`, () => {
    writeFileSync(
      join(folder, 'consumer.ts'),
      `import { type ApiCall, consent, type InitOptions, init, mark, type Beacon, setRoute } from 'fieldline'
       import { init as core } from 'fieldline/core'
       const options: InitOptions = {
         site: 'shop',
         endpoint: 'https://rum.example.com/f',
         sample: 0.1,
         release: '2.4.0',
         api: 'off',
         beforeSend: (view: Beacon) => ({ ...view, calls: view.calls.filter((call: ApiCall) => call.duration > 5) }),
       }
       init(options)
       init({ site: 'shop', endpoint: '/f', beforeSend: view => view.route !== '/private' && view })
       setRoute('/p/[id]')
       mark('search.results')
       mark('cart.items', 3)
       consent(false)
       core({ site: 'shop', endpoint: '/f' })
       // @ts-expect-error: a site is needed
       init({ endpoint: '/f' })
       // @ts-expect-error: vitals are numbers
       init({ site: 'shop', endpoint: '/f', beforeSend: view => { view.vitals.lcp = 'fast'; return view } })`,
    )
    const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022']
    run(bin('tsc'), [...options, '--module', module, '--moduleResolution', resolution, 'consumer.ts'], folder)
  })

test('on a server, every function does nothing and throw nothing', () => {
  const code = `
    const globals = Object.getOwnPropertyNames(globalThis).length
    const { consent, init, mark, setRoute } = await import('fieldline')
    init({ site: 'shop', endpoint: 'https://rum.example.com/f' })
    init()
    setRoute('/p/[id]')
    mark('x')
    consent(true)
    const core = await import('fieldline/core')
    core.init({ site: 'shop', endpoint: 'https://rum.example.com/f' })
    console.log(Object.getOwnPropertyNames(globalThis).length - globals)`
  expect(run(process.execPath, ['--input-type=module', '-e', code], folder)).toBe('0\n')
})

test('npx fieldline runs', () => {
  expect(run('npx', ['--offline', 'fieldline', '--help'], folder)).toContain('fieldline <command>')
})

function bin(name: string): string {
  return join(ROOT, 'node_modules/.bin', name)
}

/** Standard output of a program; an error that shows all of its output where it fails. */
function run(program: string, args: string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
}
