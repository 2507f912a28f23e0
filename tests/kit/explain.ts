/**
 * `npm run explain -- '/v1/summary?site=demo&from=-24h'`: prints the plan of a query, its SQL, and the rows it reads, on a local
 * database of the demo's traffic. Without an address it writes docs/queries.md.
 */

import { explained, startExplained, writeQueries } from './explained.ts'

const [address] = process.argv.slice(2)
const local = await startExplained()
try {
  if (address === undefined) await writeQueries(local)
  else await print(address)
} finally {
  await local.stop()
}

async function print(address: string): Promise<void> {
  const { plans, statements, status, answer } = await explained(local, address)
  if (status !== 200) console.log(`${status} ${answer}\n`)
  for (const lines of plans) console.log(`${['PLAN', ...lines].join('\n  ')}\n`)
  for (const [i, { sql, values, read, steps }] of statements.entries()) {
    console.log(`STATEMENT ${i + 1}, ${read} rows read\n\n    ${sql}\n`)
    for (const [i, value] of values.entries()) console.log(`    ?${i + 1} = ${value}`)
    console.log(`\n${steps.map(step => `  ${step}`).join('\n')}\n`)
  }
  const read = statements.reduce((sum, statement) => sum + statement.read, 0)
  console.log(`${statements.length} statements, ${read} rows read`)
}
