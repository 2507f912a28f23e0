/**
 * The package without causes: `import { init } from 'fieldline/core'`.
 */

import { fieldline } from './fieldline.ts'

export type { ApiCall, Beacon, Connection, Navigation, Outcome } from '../schema/wire/pageview.ts'
export type { InitOptions } from './settings.ts'

export const { init, setRoute, mark, tag, consent } = /* @__PURE__ */ fieldline()
