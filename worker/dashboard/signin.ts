/** The sign-in form: what went wrong before goes in, a form that hands over a token comes out. */

import { h } from './dom.ts'

export function signInForm(error: string | null, onToken: (token: string) => void): HTMLElement {
  const input = h('input', {
    id: 'token',
    name: 'token',
    type: 'password',
    required: '',
    autocomplete: 'current-password',
    ...(error ? { 'aria-describedby': 'sign-in-error', 'aria-invalid': 'true' } : {}),
  })
  const form = h(
    'form',
    { class: 'sign-in' },
    h('h2', {}, 'Sign in'),
    h('p', {}, 'The token is the ADMIN_TOKEN of this fieldline. It stays in this tab.'),
    error && h('p', { id: 'sign-in-error', class: 'message', role: 'alert' }, error),
    h('label', { for: 'token' }, 'Token'),
    input,
    h('button', { type: 'submit' }, 'Sign in'),
  )
  form.addEventListener('submit', event => {
    event.preventDefault()
    if (input.value.trim()) onToken(input.value.trim())
  })
  return form
}
