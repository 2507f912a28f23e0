import { join } from 'node:path'

// `fieldline` is a link to this repository, so the root is the repository. An application of its own needs no such line.
export default { turbopack: { root: join(import.meta.dirname, '../..') } }
