// Google's library with its causes: what fieldline.js is measured against, whose vitals have causes, too.
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals/attribution'

const { endpoint } = document.currentScript.dataset
const vitals = {}
const note = ({ name, value, attribution }) => {
  vitals[name] = [value, attribution.target, attribution.interactionTarget, attribution.largestShiftTarget]
}
for (const on of [onFCP, onLCP, onCLS, onINP, onTTFB]) on(note)
addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') navigator.sendBeacon(endpoint, JSON.stringify(vitals))
})
