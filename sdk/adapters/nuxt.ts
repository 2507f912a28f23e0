/**
 * Nuxt: `plugins/fieldline.client.ts` is `export default fieldline({ site: 'shop', endpoint })`. Names page views by the
 * pages' files.
 */

import type { InitOptions } from '../settings.ts'
import { start } from './vue.ts'

interface NuxtApp {
  $router: unknown
}

/** A plugin of Nuxt. */
export function fieldline(options: InitOptions): (app: NuxtApp) => void {
  return ({ $router }) => start($router as Parameters<typeof start>[0], options)
}
