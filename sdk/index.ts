/**
 * The package: `import { init } from 'fieldline'`.
 */

import { startAttribution } from './attribution.ts'
import { trackErrors } from './errors.ts'
import { fieldline } from './fieldline.ts'
import { operationOf } from './graphql.ts'

export type { ApiCall, Beacon, Connection, Navigation, Outcome } from '../schema/wire/pageview.ts'
export type { InitOptions } from './settings.ts'

export const { init, setRoute, mark, tag, consent } = /* @__PURE__ */ fieldline(
  startAttribution,
  operationOf,
  trackErrors,
)
