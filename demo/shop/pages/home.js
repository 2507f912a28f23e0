import { api } from './api.js'
import { isOn, misbehave } from './knobs.js'
import { showTiles, showTrouble } from './tiles.js'

const list = document.getElementById('products')
document.getElementById('hero').src = `/demo/api/hero.svg${isOn('slow-hero') ? '?delay=2000' : ''}`
misbehave()

try {
  showTiles(list, await api('products'))
} catch (error) {
  showTrouble(list, error)
}
