/**
 * The package: `import { init } from 'fieldline'`.
 */

import { fieldline } from './fieldline.ts'
import { operationOf } from './graphql.ts'
import { startWhy } from './why.ts'

export type { ApiCall, Beacon, Connection, Navigation, Outcome } from '../schema/wire/pageview.ts'
export type { InitOptions } from './settings.ts'

export const { init, setRoute, mark, consent } = /* @__PURE__ */ fieldline(startWhy, operationOf)
