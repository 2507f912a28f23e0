// The floor of a call's cost: web-vitals, and one observer of resources that only keeps its lists.
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'

const { endpoint } = document.currentScript.dataset
const vitals = {}
const note = ({ name, value }) => {
  vitals[name] = value
}
for (const on of [onFCP, onLCP, onCLS, onINP, onTTFB]) on(note)

const lists = []
new PerformanceObserver(list => lists.push(list)).observe({ type: 'resource', buffered: true })

addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') navigator.sendBeacon(endpoint, JSON.stringify(vitals))
})
