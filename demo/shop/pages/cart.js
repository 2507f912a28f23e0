import { api, euros } from './api.js'
import { emptyBasket, readBasket } from './basket.js'
import { blockIfAsked, misbehave } from './knobs.js'

const cart = document.getElementById('cart')
const note = document.getElementById('note')
misbehave()

try {
  show(await api('cart', { items: readBasket() }))
} catch (error) {
  note.textContent = error.message
}

function show({ lines, total }) {
  if (!lines.length) {
    cart.textContent = 'There is nothing in it yet.'
    return
  }
  const table = document.createElement('table')
  for (const { name, quantity, total } of lines) addRow(table, [name, `${quantity} ×`, euros(total)])
  addRow(table, ['Together', '', euros(total)])
  const button = document.createElement('button')
  button.textContent = 'Check out'
  button.onclick = checkOut
  const action = document.createElement('p')
  action.append(button)
  cart.replaceChildren(table, action)
}

function addRow(table, texts) {
  const row = table.insertRow()
  for (const text of texts) row.insertCell().textContent = text
}

async function checkOut() {
  blockIfAsked()
  note.textContent = 'One moment …'
  try {
    const { order } = await api('checkout', { items: readBasket() })
    emptyBasket()
    cart.replaceChildren()
    note.textContent = `Thank you. Your order is ${order}; it will never arrive.`
  } catch (error) {
    note.textContent = error.message
  }
}
