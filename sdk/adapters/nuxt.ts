/**
 * Nuxt: `plugins/fieldline.client.ts` is `export default defineNuxtPlugin(fieldline({ site: 'shop', endpoint }))`. Names page
 * views by the pages' files.
 */

import { init } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { start } from './vue.ts'

/** A plugin of Nuxt. An application without pages has no `$router`. */
export function fieldline(options: InitOptions): (app: object) => void {
  return app => {
    if ('$router' in app) start(app.$router as Parameters<typeof start>[0], options)
    else init(options)
  }
}
