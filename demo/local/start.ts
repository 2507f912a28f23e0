/** `npm start`: builds, serves everything on this machine and prints where. `PORT` moves it; Ctrl-C stops it. */

import { join } from 'node:path'
import { build } from './build.ts'
import { claimPort } from './ports.ts'
import { startLocal } from './server.ts'
import { onStop } from './stop.ts'
import { ROOT } from './wrangler.ts'

const DEFAULT_PORT = 8787

const port = Number(process.env.PORT || DEFAULT_PORT)
let stop = async () => {}
const stopped = onStop(() => stop())

try {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT is ${process.env.PORT}, no port.`)
  await claimPort(port)
  console.log('Building and starting fieldline ...')
  build()
  const server = await startLocal({
    port,
    state: join(ROOT, '.wrangler/state'),
    secrets: join(ROOT, '.dev.vars'),
  })
  stop = server.stop
  console.log(welcome(server.url, server.token))
  const code = await server.ended
  if (stopped()) process.exit(0)
  console.error(`fieldline stopped: wrangler ended with code ${code}. Its last words are above.`)
  await server.stop()
  process.exit(1)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

function welcome(url: string, token: string): string {
  const elsewhere = port === DEFAULT_PORT ? '' : ` -- --url ${url}`
  return `
  Dashboard   ${url}/#token=${token}
  Shop        ${url}/demo/
  Script      ${url}/fieldline.js

  Script tag  <script async src="${url}/fieldline.js" data-site="demo"></script>
  Ask         export FIELDLINE_URL=${url} FIELDLINE_TOKEN=${token}
              npx fieldline summary --site demo
  Query       curl -H 'Authorization: Bearer ${token}' '${url}/v1/summary?site=demo'
  Traffic     npm run seed${elsewhere}    (two weeks of realistic page views, through the same endpoint)

  Ctrl-C stops it.
`
}
