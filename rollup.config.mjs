// Builds what leaves this repository: the SDK for npm and for a script tag, each whole and as the core without causes,
// the CLI (dist/cli.js), and the static files that the worker serves (dist/public). Prints where the bytes of both scripts are.
import { hash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { build } from 'esbuild'
import { marked } from 'marked'
import esbuild, { minify as esbuildMinify } from 'rollup-plugin-esbuild'
import { brotli, byteTable } from './rollup.bytes.ts'
import { openApi } from './schema/openapi/document.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

// Nothing of an earlier build is served or published.
rmSync('dist', { recursive: true, force: true })

// web-vitals is published for newer engines than ES2020. Read as TypeScript of before class fields, a field without a value is
// nothing and one with a value an assignment.
const browser = [
  nodeResolve(),
  esbuild({
    target: 'es2020',
    tsconfig: false,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    loaders: { '.js': 'ts' },
    include: /\.[jt]s$/,
    exclude: [],
  }),
]

// The single metrics of web-vitals, as they are published, pack better than all of them bundled.
const singleMetrics = {
  name: 'single-metrics',
  resolveId: id => (id === 'web-vitals' ? resolve('node_modules/web-vitals/dist/modules/index.js') : null),
}

// One keyword for all declarations, and arrows for all functions, are shorter and repeat more; so is one operator where a text or a
// number is compared with, and no object. As long as what they replace, so that maps stay true.
const oneKeyword = code => code.replace(/\bconst (?=[\w$[{])/g, 'let   ')
const declarations = {
  name: 'declarations',
  transform: code => ({
    code: oneKeyword(code)
      .replace(/\bfunction (\w+)(\(.*\)) \{$/gm, 'let    $1=$2=>{')
      .replace(/ ([!=]=)=(?= ["\d-])/g, '  $1'),
    map: null,
  }),
}

// The same of the dashboard. Functions beside its components stay: some are called above where they stand.
const components = {
  name: 'components',
  transform: (code, id) => ({
    code: id.endsWith('.tsx')
      ? oneKeyword(code).replace(/^(export )?function (\w+)(\(.*\)) \{$/gm, '$1let $2=$3=>{')
      : oneKeyword(code),
    map: null,
  }),
}

// Names made short: of two letters only the first differs from the name before, since equal ends pack better. `turn` says with
// which letter they begin. It runs elsewhere, alone.
const shortNames = turn => ({
  turn,
  get(n) {
    const small = 'abcdefghijklmnopqrstuvwxyz'
    const letters = `${small.slice(this.turn)}${small.slice(0, this.turn)}ABCDEFGHIJKLMNOPQRSTUVWXYZ$_`
    return letters[n % 54] + (letters[Math.floor(n / 54) - 1] ?? '')
  },
})

// Names that begin with _ are private, and are shortened.
const PRIVATE = /^_/
// So is what web-vitals and sdk/vitals.ts call their options and metrics, within a script that holds both. No browser knows these.
const PRIVATE_TO_SCRIPT =
  /^(_.*|(reportSoftNav|reportAllChange)s|navigation(InteractionId|StartTime|URL)|firstHiddenTime|onHidden|rating|delta)$/
const minify = (format, regex = PRIVATE) => [
  terser({
    module: true,
    ecma: 2020,
    // What packs best, by trial.
    compress: {
      passes: 5,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_methods: true,
      // Texts are joined by `+`, and helpers that say more than one thing stay functions.
      unsafe: true,
      // The browser takes 1 for true, and what is sent holds no boolean of ours that is written so.
      booleans_as_integers: true,
      inline: 1,
      keep_fargs: false,
      lhs_constants: false,
    },
    mangle: false,
  }),
  // Joins a few statements more.
  esbuildMinify({ minifyWhitespace: false, minifyIdentifiers: false, minifySyntax: true, target: 'es2020' }),
  smallest(
    [0, 3, 6, 9, 12, 15].map(turn =>
      terser({
        module: true,
        ecma: 2020,
        compress: false,
        mangle: {
          nth_identifier: shortNames(0),
          properties: { nth_identifier: shortNames(turn), regex },
        },
        format: { comments: false, ...format },
      }),
    ),
  ),
]

// Which letters the private names have changes a script by some 50 bytes of brotli, by no rule. Of a few ways the best is taken, so
// that a small change of the source costs what it costs.
const smallest = ways => ({
  name: 'smallest',
  async renderChunk(code, chunk, output) {
    const scripts = await Promise.all(ways.map(({ renderChunk }) => renderChunk(code, chunk, output)))
    // As they are written: rollup ends a file with a line's end.
    const sizeOf = ({ code }) => brotli(`${code}\n`)
    return scripts.sort((one, other) => sizeOf(one) - sizeOf(other))[0]
  },
})

// Nearly all of a script runs as it loads. Chromium then compiles all of it on another thread as it comes, where else it would
// compile each function on the main thread as it is called first.
// https://v8.dev/blog/explicit-compile-hints
const compileAll = { preamble: '//# allFunctionsCalledOnLoad' }

const copy = (...files) => ({
  name: 'copy',
  writeBundle() {
    mkdirSync('dist/public', { recursive: true })
    for (const [from, to] of files) cpSync(from, `dist/public/${to}`)
  },
})

const weigh = {
  name: 'weigh',
  writeBundle(_, bundle) {
    for (const { fileName, code, map } of Object.values(bundle))
      if (code) console.log(byteTable(fileName, code, map))
  },
}

// `fieldline-0.1.0.js` never changes: a page may name it with its hash. Those of earlier releases are kept in pinned/,
// since a deploy takes away what it does not hold, and win over what is built here under the same name.
const pin = {
  name: 'pin',
  writeBundle() {
    // The scripts hold web-vitals, under its own licence.
    cpSync('node_modules/web-vitals/LICENSE', 'dist/web-vitals.LICENSE.txt')
    if (existsSync('pinned')) cpSync('pinned', 'dist/public', { recursive: true })
    const scripts = readdirSync('dist/public').filter(name => /^fieldline.*\.js$/.test(name))
    const sri = Object.fromEntries(
      scripts.map(name => [name, `sha384-${hash('sha384', readFileSync(`dist/public/${name}`), 'base64')}`]),
    )
    writeFileSync('dist/sri.json', `${JSON.stringify(sri, null, 2)}\n`)
  },
}

// The description of the API is a static file: it costs the worker nothing.
const openapi = {
  name: 'openapi',
  writeBundle() {
    mkdirSync('dist/public/v1', { recursive: true })
    writeFileSync('dist/public/v1/openapi.json', JSON.stringify(openApi(version)))
  },
}

// A page may call something of its own `performance`, in a script that comes later: `const performance = ...`.
const ownClock = 'let   {performance}='

// The map of a script for a tag is named by a header (worker/dashboard/_headers), which costs the script no byte.
const script = (input, name, pinned, ...plugins) => ({
  input,
  output: { file: `dist/${name}`, format: 'iife', sourcemap: 'hidden', intro: `${ownClock}window;` },
  plugins: [
    singleMetrics,
    ...browser,
    declarations,
    minify(compileAll, PRIVATE_TO_SCRIPT),
    weigh,
    copy([`dist/${name}`, name], [`dist/${name}.map`, `${name}.map`], [`dist/${name}`, pinned]),
    ...plugins,
  ],
})

// What the dashboard asks before its code is there stands in its page, which names it by its hash.
const early = {
  name: 'early',
  // What weighs the page comes after.
  writeBundle: { order: 'pre', sequential: true, handler: writePage },
}

async function writePage() {
  const script = {
    entryPoints: ['worker/dashboard/early.ts'],
    ...{ bundle: true, minify: true, format: 'iife', target: 'es2022', write: false },
  }
  const [{ text }] = (await build(script)).outputFiles
  const code = text.trim()
  const fill = (name, from, to) => {
    const source = readFileSync(`worker/dashboard/${name}`, 'utf8')
    writeFileSync(
      `dist/public/${name}`,
      source.replace(from, () => to),
    )
  }
  fill('index.html', '<script>early', `<script>${code}`)
  fill('_headers', 'sha256-early', `sha256-${hash('sha256', code, 'base64')}`)
}

// The dashboard's stylesheet, and what the page weighs with it: at first, and with the code that loads as it is shown.
const stylesheet = {
  name: 'stylesheet',
  async writeBundle(_, bundle) {
    const css = {
      entryPoints: ['worker/dashboard/style.css'],
      bundle: true,
      external: ['/favicon.svg'],
      minify: true,
      write: false,
    }
    const [{ text: code }] = (await build(css)).outputFiles
    writeFileSync('dist/public/style.css', code)
    const { 'app.js': app, ...later } = bundle
    const [js, styles] = [brotli(app.code), brotli(code)]
    const page = brotli(readFileSync('dist/public/index.html', 'utf8'))
    const sizes = Object.values(later).map(({ name, code }) => [name, brotli(code)])
    const all = sizes.reduce((sum, [, size]) => sum + size, page + js + styles)
    console.log(
      `dashboard: index.html ${page} + app.js ${js} + style.css ${styles} = ${page + js + styles} bytes of brotli at first`,
    )
    console.log(`then ${sizes.map(([name, size]) => `${name} ${size}`).join(', ')}; ${all} in all\n`)
  },
}

// What the dashboard links to for more words: a page of docs/, served as it stands.
const help = {
  name: 'help',
  writeBundle() {
    const text = readFileSync('docs/reading.md', 'utf8').replace(/\[([^\]]+)\]\((?!https:)[^)]+\)/g, '$1')
    const body = marked
      .parse(text)
      .replace(/<h2>(.*?)<\/h2>/g, (_, name) => `<h2 id="${name.toLowerCase()}">${name}</h2>`)
    const page = readFileSync('worker/dashboard/index.html', 'utf8')
      .replace(/\s*<script.*?<\/script>|\s*<noscript>.*?<\/noscript>/g, '')
      .replace(
        /<div id="app">[\s\S]*<\/div>/,
        `<main class="panel help">\n<p><a href="/">Dashboard</a></p>\n${body}</main>`,
      )
      .replace('<title>fieldline', '<title>Reading the numbers · fieldline')
    writeFileSync('dist/public/help.html', page)
  },
}

// Maps are no part of what is installed, and no installed file names one: `npm run release` packs them apart.
const library = name => ({
  input: `sdk/${name}.ts`,
  // An application that has web-vitals shares it.
  external: 'web-vitals',
  output: { file: `dist/${name}.js`, format: 'es', sourcemap: 'hidden', intro: `${ownClock}globalThis;` },
  plugins: [...browser, declarations, minify()],
})

// One file a framework. They share the package's own code and the application's framework, so they hold neither. They are not
// minified: they are small, and Next.js wants the first line of its adapter as it is.
const adapter = name => ({
  input: `sdk/adapters/${name}.ts`,
  external: [resolve('sdk/index.ts'), /^(react|next)\b/],
  output: {
    file: `dist/${name}.js`,
    format: 'es',
    paths: { [resolve('sdk/index.ts')]: './index.js' },
    ...(name === 'next' && { banner: "'use client'" }),
  },
  plugins: [nodeResolve(), esbuild({ target: 'es2022', tsconfig: false })],
})
const ADAPTERS = 'next react-router vue nuxt sveltekit angular astro astro-middleware hono'.split(' ')

export default [
  script('sdk/tag.ts', 'fieldline.js', `fieldline-${version}.js`),
  script('sdk/tag.core.ts', 'fieldline.core.js', `fieldline-${version}.core.js`, pin),
  library('index'),
  library('core'),
  ...ADAPTERS.map(adapter),
  {
    // What writes and reads Parquet is a file of its own: the other commands do not load it.
    input: { cli: 'cli/main.ts' },
    output: {
      dir: 'dist',
      format: 'es',
      entryFileNames: '[name].js',
      chunkFileNames: 'cli-[name].js',
      banner: ({ isEntry }) => (isEntry ? '#!/usr/bin/env node' : ''),
    },
    external: /^(node:|fs$)/,
    plugins: [
      nodeResolve({ exportConditions: ['node'] }),
      esbuild({ target: 'node20', tsconfig: false }),
      {
        name: 'executable',
        writeBundle() {
          chmodSync('dist/cli.js', 0o755)
          cpSync('node_modules/hyparquet-writer/LICENSE', 'dist/hyparquet.LICENSE.txt')
        },
      },
    ],
  },
  {
    input: 'worker/dashboard/app.tsx',
    // What loads later has a name of its own content, and is kept by browsers for ever.
    output: {
      dir: 'dist/public',
      format: 'es',
      entryFileNames: 'app.js',
      chunkFileNames: 'app/[name]-[hash].js',
      experimentalMinChunkSize: 1_500,
      onlyExplicitManualChunks: true,
      // Three small views are one file: 590 bytes less in all than each by itself.
      manualChunks: id =>
        /dashboard\/(errors|thirdparties|timing|returns)\.tsx$/.test(id) ? 'more' : undefined,
    },
    plugins: [
      nodeResolve(),
      // h(name, props, child): a little less to send than what jsx: 'automatic' makes.
      esbuild({
        ...{ target: 'es2022', tsconfig: false, jsx: 'transform', jsxFactory: 'h', jsxFragment: 'Fragment' },
        banner: "import { Fragment, h } from 'preact'",
      }),
      components,
      terser({
        module: true,
        ecma: 2020,
        // What packs best, by trial.
        compress: {
          passes: 3,
          pure_getters: true,
          unsafe: true,
          unsafe_arrows: true,
          inline: 1,
          keep_fargs: false,
        },
        mangle: { nth_identifier: shortNames(0) },
        format: { comments: false },
      }),
      copy(['worker/dashboard/favicon.svg', 'favicon.svg']),
      {
        name: 'compile-all',
        renderChunk: (code, { isEntry }) =>
          isEntry ? { code: `${compileAll.preamble}\n${code}`, map: null } : null,
      },
      early,
      stylesheet,
      help,
      openapi,
    ],
  },
]
