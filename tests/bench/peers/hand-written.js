// What a team writes in an afternoon: web-vitals, fetch and XMLHttpRequest timed by hand, one beacon as the page hides.
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'

const { endpoint } = document.currentScript.dataset
const vitals = {}
let calls = []
const note = ({ name, value }) => {
  vitals[name] = value
}
for (const on of [onFCP, onLCP, onCLS, onINP, onTTFB]) on(note)

const record = (method, url, start, status) => {
  const { origin, pathname } = new URL(url, location.href)
  calls.push({ method, url: origin + pathname, status, start, duration: performance.now() - start })
}

const { fetch } = window
window.fetch = async (input, init) => {
  const start = performance.now()
  const method = init?.method ?? input.method ?? 'GET'
  const url = input.url ?? input
  try {
    const response = await fetch(input, init)
    record(method, url, start, response.status)
    return response
  } catch (error) {
    record(method, url, start, 0)
    throw error
  }
}

const { open, send } = XMLHttpRequest.prototype
XMLHttpRequest.prototype.open = function (method, url, ...rest) {
  this.call = [method, url]
  return open.call(this, method, url, ...rest)
}
XMLHttpRequest.prototype.send = function (body) {
  const start = performance.now()
  this.addEventListener('loadend', () => record(...this.call, start, this.status))
  return send.call(this, body)
}

addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden') return
  navigator.sendBeacon(endpoint, JSON.stringify({ page: location.pathname, vitals, calls }))
  calls = []
})
