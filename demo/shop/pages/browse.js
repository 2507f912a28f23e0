/** A single-page corner of the shop: the address changes by pushState, the page stays. */

import { api } from './api.js'
import { blockIfAsked, misbehave } from './knobs.js'
import { showTiles, showTrouble } from './tiles.js'

const list = document.getElementById('products')
const tabs = document.getElementById('tabs')
misbehave()

tabs.addEventListener('click', event => {
  const link = event.target.closest('a')
  if (!link || event.metaKey || event.ctrlKey) return
  event.preventDefault()
  blockIfAsked()
  history.pushState(null, '', link.href)
  show()
})
addEventListener('popstate', show)
show()

async function show() {
  const { pathname } = location
  for (const link of tabs.children) {
    if (link.pathname === pathname) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  const category = /^\/demo\/browse\/(\w+)/.exec(pathname)?.[1]
  try {
    const products = await api(category ? `products?category=${category}` : 'products')
    if (location.pathname === pathname) showTiles(list, products)
  } catch (error) {
    showTrouble(list, error)
  }
}
