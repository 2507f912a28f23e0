/**
 * The script tag: `<script async src="https://rum.example.com/fieldline.js" data-site="shop"></script>`
 */

import { startAttribution } from './attribution.ts'
import { trackErrors } from './errors.ts'
import { fieldline } from './fieldline.ts'
import { operationOf } from './graphql.ts'
import { startScript } from './script.ts'

startScript(fieldline(startAttribution, operationOf, trackErrors))

// `import type {} from 'fieldline/fieldline.js'` brings the type of `window.fieldline`.
export type {} from './script.ts'
