/**
 * The script tag without causes: `<script async src="https://rum.example.com/fieldline.core.js" ...></script>`
 */

import { fieldline } from './fieldline.ts'
import { startScript } from './script.ts'

startScript(fieldline())

// `import type {} from 'fieldline/fieldline.core.js'` brings the type of `window.fieldline`.
export type {} from './script.ts'
