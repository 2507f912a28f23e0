// The App Router with fieldline: one element in the layout names page views by the folders of the routes. `npm start` in
// the repository serves the worker at localhost:8787.
import { Fieldline } from 'fieldline/next'
import Link from 'next/link'

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Fieldline site="demo" endpoint="http://localhost:8787/f" release="1.0.0" />
        <nav>
          <Link href="/">Start</Link>{' '}
          <Link id="products" href="/products/shoe">
            Shoe
          </Link>{' '}
          <Link id="docs" href="/docs/care/leather">
            Docs
          </Link>
        </nav>
        {children}
      </body>
    </html>
  )
}
