import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build as esbuild } from 'esbuild'
import { rollup } from 'rollup'
import { createLogger, build as viteBuild } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

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
  expect(files.filter(file => /worker|demo|tests|tables|\.map$/.test(file))).toEqual([])
})

test('no installed script names a map that is not installed', () => {
  for (const file of globSync(join(folder, 'node_modules/fieldline/dist/*.js')))
    expect(readFileSync(file, 'utf8'), file).not.toContain('sourceMappingURL')
})

test('a clone without a build packs the same, because packing builds', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  // npm runs it for `npm pack` and `npm publish`, other package managers for an install from a repository, too.
  expect(scripts.prepack).toBe('npm run build')
})

test('an install from a repository builds, and no other install does', () => {
  const clone = join(folder, 'clone')
  run('git', ['clone', '--quiet', '--depth', '1', `file://${ROOT}`, clone], folder)
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  const built = () => existsSync(join(clone, 'dist/index.js'))
  run('npm', ['run', 'postprepare'], clone)
  expect(built()).toBe(false)
  // npm packs a repository without prepack. It says so to the install that comes before that.
  execFileSync('npm', ['run', 'postprepare'], {
    cwd: clone,
    env: { ...process.env, _PACOTE_NO_PREPARE_: 'git+file://x' },
  })
  expect(built()).toBe(true)
}, 120_000)

test('the package brings only web-vitals, and shares that of the application', () => {
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
  test(`a consumer compiles with moduleResolution ${resolution}, all types checked`, () => {
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

test('types of window.fieldline come with the type of the script', () => {
  writeFileSync(
    join(folder, 'tag.ts'),
    `import type {} from 'fieldline/fieldline.js'
     window.fieldline?.setRoute('/p/[id]')
     // @ts-expect-error: a route is text
     window.fieldline?.setRoute(5)`,
  )
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext']
  run(bin('tsc'), [...options, '--moduleResolution', 'bundler', 'tag.ts'], folder)
})

describe('an application that imports the package is built by', () => {
  const source = `import { init } from 'fieldline'\ninit({ site: 'shop', endpoint: 'https://rum.example.com/f' })\n`
  const entry = join(folder, 'app.js')
  beforeAll(() => writeFileSync(entry, source))

  // webpack and Rspack are tried by npm run test:frameworks, which installs them.
  test.each<[string, () => Promise<string>]>([
    [
      'esbuild',
      async () => {
        const { outputFiles } = await esbuild({
          entryPoints: [entry],
          bundle: true,
          write: false,
          format: 'esm',
        })
        return outputFiles[0]?.text ?? ''
      },
    ],
    [
      'rollup',
      async () => {
        const bundle = await rollup({ input: entry, plugins: [nodeResolve()], onwarn: fail })
        return (await bundle.generate({ format: 'es' })).output[0].code
      },
    ],
    [
      'vite',
      async () => {
        const customLogger = { ...createLogger('silent'), warn: fail, warnOnce: fail, error: fail }
        const options = { write: false, lib: { entry, formats: ['es' as const], fileName: 'app' } }
        const built = await viteBuild({ root: folder, configFile: false, customLogger, build: options })
        const [output] = [built].flat()
        return output && 'output' in output ? output.output[0].code : ''
      },
    ],
  ])('%s, without a warning and without code that it does not use', async (name, build) => {
    const code = await build()
    expect(code).toContain('rum.example.com/f')
    const file = join(folder, `built-by-${name}.js`)
    writeFileSync(file, code)
    expect(run(process.execPath, [file], folder)).toBe('')
    // The core is another entry.
    expect(code.length).toBeLessThan(60_000)
  })

  function fail(warning: unknown): never {
    throw new Error(typeof warning === 'object' ? JSON.stringify(warning) : String(warning))
  }
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
