/** What is in the cart, kept in this tab: product id -> quantity. */

const KEY = 'demo-cart'

export const readBasket = () => JSON.parse(sessionStorage.getItem(KEY) ?? '{}')

export function addToBasket(id) {
  const items = readBasket()
  items[id] = (items[id] ?? 0) + 1
  sessionStorage.setItem(KEY, JSON.stringify(items))
  return items
}

export const emptyBasket = () => sessionStorage.removeItem(KEY)
