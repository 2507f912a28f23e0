// Builds what leaves this repository: the SDK for npm (dist/index.js) and for a script tag (dist/fieldline.js),
// and the static files that the worker serves (dist/public).
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import esbuild from 'rollup-plugin-esbuild'

// Nothing of an earlier build is served or published.
rmSync('dist', { recursive: true, force: true })

const browser = target => [nodeResolve(), esbuild({ target, tsconfig: false })]

// Names that begin with _ are private, in web-vitals as in the SDK, and are shortened.
const minify = terser({
  module: true,
  ecma: 2020,
  compress: { passes: 3, pure_getters: true, unsafe_arrows: true },
  mangle: { properties: { regex: /^_/ } },
  format: { comments: false },
})

const copy = (from, to) => ({
  name: 'copy',
  writeBundle() {
    mkdirSync(to.replace(/\/[^/]+$/, ''), { recursive: true })
    copyFileSync(from, to)
  },
})

export default [
  {
    input: 'sdk/tag.ts',
    output: { file: 'dist/fieldline.js', format: 'iife', sourcemap: true },
    plugins: [...browser('es2020'), minify, copy('dist/fieldline.js', 'dist/public/fieldline.js')],
  },
  {
    input: 'sdk/index.ts',
    output: { file: 'dist/index.js', format: 'es', sourcemap: true },
    plugins: [...browser('es2020'), minify],
  },
  {
    input: 'worker/dashboard/app.ts',
    output: { file: 'dist/public/app.js', format: 'es' },
    plugins: [
      ...browser('es2022'),
      minify,
      copy('worker/dashboard/index.html', 'dist/public/index.html'),
      copy('worker/dashboard/style.css', 'dist/public/style.css'),
      copy('worker/dashboard/favicon.svg', 'dist/public/favicon.svg'),
      copy('worker/dashboard/_headers', 'dist/public/_headers'),
    ],
  },
]
