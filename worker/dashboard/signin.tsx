/** The sign-in form: what went wrong before goes in, a token is handed over. */

export function SignIn({ error, onToken }: { error: string; onToken: (token: string) => void }) {
  const onSubmit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    onToken(String(new FormData(event.currentTarget).get('token')).trim())
  }
  return (
    <main class="sign-in panel">
      <h1>fieldline</h1>
      <form onSubmit={onSubmit}>
        <p>Sign in with ADMIN_TOKEN, or with a read token of one site. The token stays in this tab.</p>
        {error && (
          <p id="sign-in-error" class="alert" role="alert">
            {error}
          </p>
        )}
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          ref={focus}
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

/** Where one writes first. */
function focus(field: HTMLElement | null): void {
  field?.focus()
}
