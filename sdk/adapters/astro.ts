/**
 * Astro: `integrations: [fieldline({ site: 'shop', src: 'https://rum.example.com/fieldline.js' })]` puts the tag into every
 * page, rendered on demand or built, and names page views by the pages' files, with the client router, too.
 */

import type { TagOptions } from './hono.ts'

interface Setup {
  injectScript(stage: 'page', code: string): void
  addMiddleware(middleware: { order: 'pre'; entrypoint: string }): void
  updateConfig(config: object): unknown
}
interface Integration {
  name: string
  hooks: { 'astro:config:setup': (setup: Setup) => void }
}

/** Names the page that the client router shows. */
const CLIENT = `document.addEventListener('astro:page-load', () => {
  const route = document.querySelector('meta[name="fieldline-route"]')?.content
  if (route) window.fieldline?.setRoute?.(route)
})`

export function fieldline(options: TagOptions): Integration {
  return {
    name: 'fieldline',
    hooks: {
      'astro:config:setup': ({ injectScript, addMiddleware, updateConfig }) => {
        injectScript('page', CLIENT)
        addMiddleware({ order: 'pre', entrypoint: 'fieldline/astro-middleware' })
        updateConfig({
          // The middleware is to be bundled, so that it finds the options.
          vite: { define: { __FIELDLINE__: JSON.stringify(options) }, ssr: { noExternal: ['fieldline'] } },
        })
      },
    },
  }
}
