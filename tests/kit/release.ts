/**
 * `npm run release -- 0.2.0`: makes a release in the repository, and leaves the publishing to a pushed tag.
 *
 * 1. Writes the version into package.json and its lock, and version and date over what CHANGELOG.md has under "Unreleased".
 * 2. Keeps the scripts of the version before in `pinned/`: pages may name them with their hash.
 * 3. Builds, and packs the source maps apart, since what installs has none.
 * 4. Commits and tags. Publishing is CI's: npm signs where a package was built only there (`--provenance`).
 *
 * `--dry-run` says what it would do, and looks at the package as npm, publint and attw see it; it writes nothing but a
 * temporary file, and asks no registry.
 *
 * @see https://docs.npmjs.com/generating-provenance-statements
 */

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

/** The changelog with `version` and `date` over what is unreleased, and an empty place for what comes. */
export function releasedChangelog(changelog: string, version: string, date: string): string {
  const [before, rest] = changelog.split(/^## Unreleased$/m)
  if (before === undefined || rest === undefined) throw new Error('CHANGELOG.md has no "## Unreleased".')
  const [news = ''] = rest.split(/^## /m)
  if (!news.trim()) throw new Error('CHANGELOG.md has nothing under "Unreleased".')
  if (new RegExp(`^## ${version.replaceAll('.', '\\.')} `, 'm').test(changelog))
    throw new Error(`CHANGELOG.md has a version ${version} already.`)
  return `${before}## Unreleased\n\n## ${version} · ${date}${rest}`
}

/** True where `next` is a version that comes after `current`. */
export function isNext(current: string, next: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(next)) return false
  const parts = (version: string) => version.split('.').map(Number)
  const [a = [], b = []] = [parts(current), parts(next)]
  const at = b.findIndex((part, i) => part !== a[i])
  return at >= 0 && (b[at] ?? 0) > (a[at] ?? 0)
}

function main(): void {
  const options = { 'dry-run': { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const dry = values['dry-run'] ?? false
  const [version = ''] = positionals
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  if (!isNext(manifest.version, version))
    throw new Error(`Say which version comes after ${manifest.version}: npm run release -- 0.2.0 [--dry-run]`)
  const changelog = releasedChangelog(
    readFileSync('CHANGELOG.md', 'utf8'),
    version,
    new Date().toISOString().slice(0, 10),
  )
  const changed = run('git', ['status', '--porcelain'])
  if (dry) {
    tell(manifest.version, version, changelog, changed)
    return
  }
  if (changed) throw new Error(`Commit first:\n${changed}`)
  mkdirSync('pinned', { recursive: true })
  for (const file of pinned(manifest.version)) cpSync(file, `pinned/${basename(file)}`)
  run('npm', ['version', version, '--no-git-tag-version'])
  writeFileSync('CHANGELOG.md', changelog)
  run('npm', ['run', 'figures'])
  const maps = `fieldline-${version}-maps.tgz`
  run('tar', ['-czf', maps, '-C', 'dist', ...globSync('*.js.map', { cwd: 'dist' })])
  run('git', ['add', '-A', ':!*.tgz'])
  run('git', ['commit', '-m', `release: ${version}`])
  run('git', ['tag', '-a', `v${version}`, '-m', `fieldline ${version}`])
  console.log(`Tagged v${version}. Push it: git push --follow-tags
CI then tests and publishes with provenance. Attach ${maps} to the release: it holds the source maps.`)
}

/** Prints what a release would do. */
function tell(current: string, version: string, changelog: string, changed: string): void {
  if (changed) console.log(`Would stop here, and ask for a commit of:\n${changed}\nAfter that:`)
  console.log(`Would write ${version} into package.json, package-lock.json and CHANGELOG.md:`)
  console.log(
    indented(
      changelog
        .slice(changelog.indexOf(`## ${version}`))
        .split('\n')
        .slice(0, 6),
    ),
  )
  console.log(`Would keep in pinned/: ${pinned(current).join(', ')}`)
  console.log(`Would build, write the figures, and pack the source maps into fieldline-${version}-maps.tgz.`)
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-release-'))
  try {
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const [{ filename, files, size }] = JSON.parse(run('npm', pack))
    const tarball = join(folder, filename)
    run('node_modules/.bin/publint', ['--strict', tarball])
    run('node_modules/.bin/attw', [tarball, '--profile', 'esm-only', '--no-color'])
    console.log(
      `The package has ${files.length} files, ${Math.ceil(size / 1_000)} KB; publint and attw find nothing.`,
    )
    console.log(indented(files.map(({ path }: { path: string }) => path).filter(isNoType)))
  } finally {
    rmSync(folder, { recursive: true })
  }
  console.log(`Would commit "release: ${version}" and tag v${version}. CI publishes what is tagged.`)
}

function isNoType(path: string): boolean {
  return !path.startsWith('dist/types/')
}

function indented(lines: string[]): string {
  return lines.map(line => `  ${line}`.trimEnd()).join('\n')
}

/** The scripts of a version, as the worker serves them. */
function pinned(version: string): string[] {
  return globSync(`dist/public/fieldline-${version}*.js`).filter(existsSync)
}

function run(program: string, args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

if (import.meta.main) main()
