import { api, euros } from './api.js'
import { addToBasket } from './basket.js'
import { blockIfAsked, misbehave } from './knobs.js'

const id = /\d+$/.exec(location.pathname)?.[0] ?? '1'
const article = document.getElementById('product')
const note = document.getElementById('note')
misbehave()

try {
  show(await api(`products/${id}`))
} catch (error) {
  note.textContent = error.message
}

function show({ name, line, price }) {
  document.title = `${name}: Dusk & Daughters`
  const picture = document.createElement('img')
  Object.assign(picture, { src: `/demo/api/pictures/${id}`, width: 400, height: 400, alt: name })
  const text = document.createElement('div')
  const title = document.createElement('h1')
  title.textContent = name
  const about = document.createElement('p')
  about.textContent = line
  const cost = document.createElement('p')
  cost.className = 'price'
  cost.textContent = euros(price)
  const button = document.createElement('button')
  button.textContent = 'Add to cart'
  button.onclick = add
  text.append(title, about, cost, button)
  article.replaceChildren(picture, text)
}

async function add() {
  blockIfAsked()
  const items = addToBasket(id)
  note.textContent = 'Added.'
  try {
    const { total } = await api('cart', { items })
    note.textContent = `Added. Your cart comes to ${euros(total)}.`
  } catch (error) {
    note.textContent = error.message
  }
}
