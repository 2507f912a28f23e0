import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'

const bearer = { Authorization: `Bearer ${ADMIN_TOKEN}` }
let worker: Local

beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  const created = await fetch(new URL('/v1/sites/shop', worker.url), {
    method: 'PUT',
    headers: bearer,
    body: JSON.stringify({ origins: ['https://shop.example'] }),
  })
  expect(created.status).toBe(201)
})
afterAll(() => worker.stop())

/** Promises 500 bytes of body, sends seven, and hangs up; answers what is answered all the same. */
function breakOff(request: string, headers: Record<string, string>): Promise<string> {
  const { hostname, port } = worker.url
  const lines = Object.entries({ Host: 'rum.example', 'Content-Length': '500', ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => {
      socket.end(`${request} HTTP/1.1\r\n${head}\r\n{"v":1,`)
    })
    socket.on('data', data => {
      answer += data
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

it('blames the sender for a beacon that breaks off, not the database', async () => {
  const answer = await breakOff('POST /f?site=shop', {
    Origin: 'https://shop.example',
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
  })
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('"detail":"body ends before its end","field":"body"')
  const told = await fetch(new URL('/v1/delivery?site=shop', worker.url), { headers: bearer })
  const { failed, refused }: DeliveryAnswer = await told.json()
  expect({ failed, refused }).toMatchObject({ failed: 0, refused: { field: 1 } })
})

it.each([
  'PUT /v1/sites/shop',
  'POST /v1/sites/shop/pageviews',
  'POST /v1/records:queryRecord?site=shop',
  'POST /mcp',
])('names the body of a %s that breaks off', async request => {
  const answer = await breakOff(request, { ...bearer, 'Content-Type': 'application/json' })
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('body ends before its end')
})
