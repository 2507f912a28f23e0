import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { isNext, releasedChangelog } from '../kit/release.ts'

const folder = mkdtempSync(join(tmpdir(), 'fieldline-release-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('puts version and date over what is new, and leaves a place for what comes', () => {
  const before = '# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 · 2026-10-01\n\n- Old.\n'
  const after = releasedChangelog(before, '0.2.0', '2026-11-29')
  expect(after).toBe(before.replace('- New.', '## 0.2.0 · 2026-11-29\n\n- New.'))
  expect(() => releasedChangelog(after, '0.3.0', '2026-11-30')).toThrow('nothing under "Unreleased"')
  expect(() => releasedChangelog(before, '0.1.0', '2026-11-30')).toThrow('a version 0.1.0 already')
})

it.each([
  ['0.2.0', true],
  ['0.1.10', true],
  ['1.0.0', true],
  ['0.1.9', false],
  ['0.1.8', false],
  ['0.2', false],
  ['v0.2.0', false],
])('takes %s after 0.1.9: %s', (version, expected) => {
  expect(isNext('0.1.9', version)).toBe(expected)
})

it.each(['test', 'publish'])('runs what a newcomer runs in the workflow %s', name => {
  const text = readFileSync(`.github/workflows/${name}.yml`, 'utf8')
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const runs = [...text.matchAll(/- run: (.*)/g)].map(([, run]) => run)
  expect(runs).toEqual(expect.arrayContaining(['npm ci', 'npm test']))
  for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([script])
})

it('shows a release in a clone, and changes nothing there', () => {
  const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' })
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${process.cwd()}`, folder])
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  cpSync('dist', join(folder, 'dist'), { recursive: true })
  // The script of this tree, not of the last commit.
  const script = join(process.cwd(), 'tests/kit/release.ts')
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const next = version.replace(/\d+$/, (patch: string) => String(Number(patch) + 1))
  const before = [git('rev-parse', 'HEAD'), git('tag'), git('status', '--porcelain')]
  const said = execFileSync(process.execPath, [script, next, '--dry-run'], { cwd: folder, encoding: 'utf8' })
  expect(said).toContain(`## ${next} · `)
  expect(said).toContain(`dist/public/fieldline-${version}.js`)
  expect(said).toContain('publint and attw find nothing')
  expect(said).toContain(`tag v${next}`)
  expect([git('rev-parse', 'HEAD'), git('tag'), git('status', '--porcelain')]).toEqual(before)
})
