/** `npm run lake`: writes schema/lake.json, the schema of the stream that takes every page view. */

import { writeFileSync } from 'node:fs'
import { LAKE_SCHEMA } from '../../schema/storage/lake.ts'

writeFileSync('schema/lake.json', `${JSON.stringify(LAKE_SCHEMA, null, 2)}\n`)
