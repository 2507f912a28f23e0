/** The sign-in form: what went wrong before goes in, a token is handed over. */

import { useEffect, useRef } from 'preact/hooks'

export function SignIn({ error, onToken }: { error: string; onToken: (token: string) => void }) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [error])
  const onSubmit = (event: Event) => {
    event.preventDefault()
    const token = field.current?.value.trim()
    if (token) onToken(token)
  }
  return (
    <main class="sign-in panel">
      <h1>
        <Logo /> fieldline
      </h1>
      <form onSubmit={onSubmit}>
        <p>
          Sign in with the ADMIN_TOKEN of this fieldline, or with a read token of one site. It stays in this
          tab.
        </p>
        {error && (
          <p id="sign-in-error" class="alert" role="alert">
            {error}
          </p>
        )}
        <label for="token">Token</label>
        <input
          id="token"
          ref={field}
          type="password"
          required
          autocomplete="current-password"
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={error ? 'sign-in-error' : undefined}
        />
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </main>
  )
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M5 23c6 0 6-14 11-14s5 8 11 8" />
    </svg>
  )
}
