/**
 * The script tag: `<script async src="https://rum.example.com/fieldline.js" data-site="shop"></script>`
 */

import { fieldline } from './fieldline.ts'
import { operationOf } from './graphql.ts'
import { startScript } from './script.ts'
import { startWhy } from './why.ts'

startScript(fieldline(startWhy, operationOf))
