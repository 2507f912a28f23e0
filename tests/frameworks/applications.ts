/** One small application a framework: a start page, `/products/[slug]` and `/docs/[...path]`, with links between them. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Application } from './application.ts'

const options = (endpoint: string) => `{ site: 'shop', endpoint: '${endpoint}' }`
const INDEX = `<!doctype html><div id="app"></div><script type="module" src="/main.js"></script>`
const LINKS = `<nav><a id="products" href="/products/shoe">Shoe</a> <a id="docs" href="/docs/a/b">Docs</a></nav>`

/** A server that its build has written into a file, and that takes its port from the environment. */
const built = (file: string): Application['serve'] => ({
  command: port => [
    'node',
    '--eval',
    `process.env.PORT = '${port}'; process.env.HOST = '127.0.0.1'; import('${file}')`,
  ],
})

/** What `examples/` has of a framework, but that it sends elsewhere. */
function example(name: string): Pick<Application, 'name' | 'packages' | 'files'> {
  const folder = join(import.meta.dirname, '../../examples', name)
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const { fieldline: _, ...packages } = JSON.parse(read('package.json')).dependencies
  return {
    name,
    packages: Object.entries(packages).map(([name, range]) => `${name}@${range}`),
    files: endpoint =>
      Object.fromEntries(
        globSync(['*.mjs', 'app/**/*.jsx'], { cwd: folder }).map(file => [
          file,
          read(file).replace('http://localhost:8787/f', endpoint),
        ]),
      ),
  }
}

const vue: Application = {
  name: 'vue',
  packages: ['vite@8', 'vue@3', 'vue-router@5'],
  files: endpoint => ({
    'index.html': INDEX,
    'main.js': `
      import { fieldline } from 'fieldline/vue'
      import { createApp, h } from 'vue'
      import { createRouter, createWebHistory, RouterLink, RouterView } from 'vue-router'
      const page = text => ({ render: () => h('main', text) })
      const router = createRouter({ history: createWebHistory(), routes: [
        { path: '/', component: page('Start') },
        { path: '/products/:slug', component: page('A shoe') },
        { path: '/docs/:path(.*)*', component: page('A page of docs') },
      ] })
      const app = { render: () => [
        h(RouterLink, { to: '/products/shoe', id: 'products' }, () => 'Shoe'),
        h(RouterLink, { to: '/docs/a/b', id: 'docs' }, () => 'Docs'),
        h(RouterView),
      ] }
      createApp(app).use(router).use(fieldline(router, ${options(endpoint)})).mount('#app')`,
  }),
  build: ['vite', 'build'],
  serve: { folder: 'dist' },
}

const reactRouter: Application = {
  name: 'react-router',
  packages: ['vite@8', 'react@19', 'react-dom@19', 'react-router@8'],
  files: endpoint => ({
    'index.html': INDEX,
    'main.js': `
      import { start } from 'fieldline/react-router'
      import { createElement as h } from 'react'
      import { createRoot } from 'react-dom/client'
      import { createBrowserRouter, Link, Outlet } from 'react-router'
      import { RouterProvider } from 'react-router/dom'
      const Layout = () => h('div', null,
        h(Link, { to: '/products/shoe', id: 'products' }, 'Shoe'), h(Link, { to: '/docs/a/b', id: 'docs' }, 'Docs'), h(Outlet))
      const router = start(createBrowserRouter([{ path: '/', Component: Layout, children: [
        { index: true, element: h('main', null, 'Start') },
        { path: 'products', children: [{ path: ':slug', element: h('main', null, 'A shoe') }] },
        { path: 'docs/*', element: h('main', null, 'A page of docs') },
      ] }]), ${options(endpoint)})
      createRoot(document.getElementById('app')).render(h(RouterProvider, { router }))`,
  }),
  build: ['vite', 'build'],
  serve: { folder: 'dist' },
}

const next: Application = {
  ...example('next'),
  build: ['next', 'build'],
  serve: { command: port => ['next', 'start', '-p', String(port), '-H', '127.0.0.1'] },
}

const nextPages: Application = {
  ...next,
  name: 'next-pages',
  files: endpoint => ({
    'next.config.mjs': 'export default {}',
    'pages/_app.jsx': `
      import Link from 'next/link'
      import { FieldlinePages } from 'fieldline/next'
      export default function App({ Component, pageProps }) {
        return <>
          <FieldlinePages site="shop" endpoint="${endpoint}" />
          <Link id="products" href="/products/shoe">Shoe</Link> <Link id="docs" href="/docs/a/b">Docs</Link>
          <Component {...pageProps} />
        </>
      }`,
    'pages/index.jsx': `export default function Page() { return <main>Start</main> }`,
    'pages/products/[slug].jsx': `export default function Page() { return <main>A shoe</main> }`,
    'pages/docs/[...path].jsx': `export default function Page() { return <main>A page of docs</main> }`,
  }),
}

const sveltekit: Application = {
  name: 'sveltekit',
  packages: [
    'vite@8',
    'svelte@5',
    '@sveltejs/kit@3',
    '@sveltejs/adapter-node',
    '@sveltejs/vite-plugin-svelte',
  ],
  files: endpoint => ({
    'vite.config.js': `
      import adapter from '@sveltejs/adapter-node'
      import { sveltekit } from '@sveltejs/kit/vite'
      export default { plugins: [sveltekit({ adapter: adapter() })] }`,
    'src/app.html':
      '<!doctype html><html><head>%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>',
    'src/routes/+layout.svelte': `
      <script>
        import { afterNavigate } from '$app/navigation'
        import { fieldline } from 'fieldline/sveltekit'
        let { children } = $props()
        afterNavigate(fieldline(${options(endpoint)}))
      </script>
      ${LINKS}
      {@render children()}`,
    'src/routes/+page.svelte': '<main>Start</main>',
    'src/routes/(shop)/products/[slug]/+page.svelte': '<main>A shoe</main>',
    'src/routes/docs/[...path]/+page.svelte': '<main>A page of docs</main>',
  }),
  build: ['vite', 'build'],
  serve: built('./build/index.js'),
}

const nuxt: Application = {
  name: 'nuxt',
  packages: ['nuxt@4', 'vue@3', 'vue-router@5', 'vite@8.2'],
  files: endpoint => ({
    'nuxt.config.js': 'export default defineNuxtConfig({ compatibilityDate: "2026-11-01" })',
    'app/app.vue': `<template><div><NuxtLink id="products" to="/products/shoe">Shoe</NuxtLink>
      <NuxtLink id="docs" to="/docs/a/b">Docs</NuxtLink><NuxtPage /></div></template>`,
    'app/plugins/fieldline.client.js': `
      import { fieldline } from 'fieldline/nuxt'
      export default defineNuxtPlugin(fieldline(${options(endpoint)}))`,
    'app/pages/index.vue': '<template><main>Start</main></template>',
    'app/pages/products/[slug].vue': '<template><main>A shoe</main></template>',
    'app/pages/docs/[...path].vue': '<template><main>A page of docs</main></template>',
  }),
  build: ['nuxt', 'build'],
  serve: built('./.output/server/index.mjs'),
}

/** The script stands beside the beacons' endpoint, as the worker has it. */
const astro: Application = {
  name: 'astro',
  packages: ['astro@7', '@astrojs/node'],
  files: endpoint => ({
    'astro.config.mjs': `
      import node from '@astrojs/node'
      import { fieldline } from 'fieldline/astro'
      export default { output: 'server', adapter: node({ mode: 'standalone' }),
        integrations: [fieldline({ site: 'shop', src: '/fieldline.js', endpoint: '${endpoint}' })] }`,
    'src/page.astro': `---
import { ClientRouter } from 'astro:transitions'
---
<html><head><ClientRouter /></head><body>${LINKS}<slot /></body></html>`,
    ...Object.fromEntries(
      [
        ['index', 'Start'],
        ['products/[slug]', 'A shoe'],
        ['docs/[...path]', 'A page of docs'],
      ].map(([file = '', text]) => [
        `src/pages/${file}.astro`,
        `---\nimport Page from '${'../'.repeat(file.split('/').length)}page.astro'\n---\n<Page><main>${text}</main></Page>`,
      ]),
    ),
    'copy.mjs': `
      import { cpSync, mkdirSync } from 'node:fs'
      import { fileURLToPath } from 'node:url'
      mkdirSync('public', { recursive: true })
      cpSync(fileURLToPath(import.meta.resolve('fieldline/fieldline.js')), 'public/fieldline.js')
      const { build } = await import('astro')
      await build({})`,
  }),
  build: ['node', 'copy.mjs'],
  serve: built('./dist/server/entry.mjs'),
}

/** Compiled in the browser, so that no build of Angular's own is needed. */
const angular: Application = {
  name: 'angular',
  packages: [
    'vite@8',
    ...['core', 'common', 'compiler', 'platform-browser', 'router'].map(part => `@angular/${part}@22`),
    'rxjs@7',
  ],
  files: endpoint => ({
    'index.html': '<!doctype html><app-root></app-root><script type="module" src="/main.js"></script>',
    'main.js': `
      import '@angular/compiler'
      import { Component, inject, provideAppInitializer, provideZonelessChangeDetection } from '@angular/core'
      import { bootstrapApplication } from '@angular/platform-browser'
      import { provideRouter, Router, RouterLink, RouterOutlet } from '@angular/router'
      import { start } from 'fieldline/angular'
      const component = (given, type = class {}) => Component(given)(type) ?? type
      const page = text => component({ selector: 'app-page', template: '<main>' + text + '</main>' })
      const App = component({
        selector: 'app-root',
        imports: [RouterLink, RouterOutlet],
        template: '<a id="products" routerLink="/products/shoe">Shoe</a> <a id="docs" routerLink="/docs/a/b">Docs</a><router-outlet />',
      })
      bootstrapApplication(App, { providers: [
        provideZonelessChangeDetection(),
        provideRouter([
          { path: '', component: page('Start') },
          { path: 'products', children: [{ path: ':slug', component: page('A shoe') }] },
          { path: 'docs', children: [{ path: '**', component: page('A page of docs') }] },
        ]),
        provideAppInitializer(() => start(inject(Router), ${options(endpoint)})),
      ] })`,
  }),
  build: ['vite', 'build'],
  serve: { folder: 'dist' },
}

/** Pages of a server: each click is a load. */
const hono: Application = {
  name: 'hono',
  packages: ['hono@4', '@hono/node-server'],
  files: endpoint => ({
    'server.js': `
      import { readFileSync } from 'node:fs'
      import { fileURLToPath } from 'node:url'
      import { serve } from '@hono/node-server'
      import { fieldline } from 'fieldline/hono'
      import { Hono } from 'hono'
      const page = text => c => c.html('<html><head></head><body>${LINKS}<main>' + text + '</main></body></html>')
      const script = readFileSync(fileURLToPath(import.meta.resolve('fieldline/fieldline.js')))
      const app = new Hono()
      app.get('/fieldline.js', c => c.body(script, 200, { 'Content-Type': 'text/javascript' }))
      app.use(fieldline({ site: 'shop', src: '/fieldline.js', endpoint: '${endpoint}' }))
      app.get('/', page('Start')).get('/products/:slug', page('A shoe')).get('/docs/:path{.+}', page('A page of docs'))
      serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' })`,
  }),
  serve: { command: port => ['node', 'server.js', String(port)] },
}

/** A bundler in place of a framework: the package is one bundle, and the page names its routes. */
const bundled = (name: string, packages: string[], build: string): Application => ({
  name,
  packages,
  files: endpoint => ({
    'main.js': `
      import { init, setRoute } from 'fieldline'
      init(${options(endpoint)})
      const NAMES = { products: ['/products/[slug]', 'A shoe'], docs: ['/docs/[...path]', 'A page of docs'] }
      for (const link of document.querySelectorAll('a')) link.addEventListener('click', event => {
        event.preventDefault()
        history.pushState({}, '', link.href)
        setRoute(NAMES[link.id][0])
        document.querySelector('main').textContent = NAMES[link.id][1]
      })`,
    'dist/index.html': `<!doctype html>${LINKS}<main>Start</main><script src="/main.js"></script>`,
    'build.mjs': build,
  }),
  build: ['node', 'build.mjs'],
  serve: { folder: 'dist' },
})

const packed = (name: string) => `
  import { resolve } from 'node:path'
  import * as module from '${name}'
  const pack = module.rspack ?? module.default
  pack({ mode: 'production', entry: './main.js', output: { path: resolve('dist'), filename: 'main.js' } }, (error, stats) => {
    if (error || stats.hasErrors() || stats.hasWarnings()) {
      console.error(error ?? stats.toString())
      process.exit(1)
    }
  })`

/** Those that every run tries: they install in seconds. */
export const ALWAYS: readonly Application[] = [vue, reactRouter]
export const APPLICATIONS: readonly Application[] = [
  ...ALWAYS,
  next,
  nextPages,
  sveltekit,
  nuxt,
  astro,
  angular,
  hono,
  bundled('webpack', ['webpack@5'], packed('webpack')),
  bundled('rspack', ['@rspack/core@2'], packed('@rspack/core')),
]

/** What each of them shows to a visitor, by the one form of names. A splat without a name is `[...rest]`. */
export function expectedRoutes({ name }: Application): string[] {
  const isNameless = name === 'react-router' || name === 'angular'
  return ['/', '/products/[slug]', isNameless ? '/docs/[...rest]' : '/docs/[...path]']
}
