/**
 * Nuxt: `plugins/fieldline.client.ts` is `export default defineNuxtPlugin(fieldline({ site: 'shop', endpoint }))`. Names page
 * views by the pages' files.
 */

import { init } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { start } from './vue.ts'

interface NuxtApp {
  /** Missing without a folder `pages`. */
  $router?: unknown
}

/** A plugin of Nuxt. */
export function fieldline(options: InitOptions): (app: NuxtApp) => void {
  return ({ $router }) => {
    if ($router) start($router as Parameters<typeof start>[0], options)
    else init(options)
  }
}
