// The package in an application without a framework: it names its routes itself. `npm start` in the repository serves the
// worker at localhost:8787.
import { init, mark, setRoute } from 'fieldline'

init({ site: 'demo', endpoint: 'http://localhost:8787/f', release: '1.0.0' })
document.querySelector('a')?.addEventListener('click', event => {
  event.preventDefault()
  history.pushState({}, '', '/products/shoe')
  setRoute('/products/[slug]')
  document.querySelector('main')?.replaceChildren('A shoe')
  mark('product.shown')
})
