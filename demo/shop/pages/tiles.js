/** A list of products as picture tiles. */

import { euros } from './api.js'
import { withKnobs } from './knobs.js'

export function showTiles(list, products) {
  list.replaceChildren(...products.map(tile))
}

export function showTrouble(list, error) {
  const item = document.createElement('li')
  item.textContent = `${error.message} Try again in a moment.`
  list.replaceChildren(item)
}

function tile({ id, name, price }) {
  const link = document.createElement('a')
  link.href = withKnobs(`/demo/p/${id}`)
  const picture = document.createElement('img')
  Object.assign(picture, { src: `/demo/api/pictures/${id}`, width: 400, height: 400, alt: '' })
  const title = document.createElement('strong')
  title.textContent = name
  const cost = document.createElement('span')
  cost.className = 'price'
  cost.textContent = euros(price)
  link.append(picture, title, cost)
  const item = document.createElement('li')
  item.append(link)
  return item
}
