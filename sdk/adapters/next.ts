/**
 * Next.js: `<Fieldline site="shop" endpoint="..." />` in `app/layout.tsx`, `<FieldlinePages ... />` in `pages/_app.tsx`. Names
 * page views by the folders of the routes.
 */

import { useParams, usePathname } from 'next/navigation.js'
import { useRouter } from 'next/router.js'
import { useEffect } from 'react'
import { init, setRoute } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { nameByParams, nameOf } from './name.ts'

/** For the App Router, which tells an address and its parameters, and no pattern. */
export function Fieldline(options: InitOptions): null {
  const [path, params] = [usePathname(), useParams()]
  useNamed(path === null ? undefined : nameByParams(path, params ?? {}), path, options)
  return null
}

/** For the Pages Router. */
export function FieldlinePages(options: InitOptions): null {
  const { pathname, asPath } = useRouter()
  useNamed(nameOf(pathname), asPath, options)
  return null
}

function useNamed(route: string | undefined, path: string | null, options: InitOptions): void {
  // An effect runs once the address is the new one.
  // The options are those of the first time.
  useEffect(() => {
    init({ route, ...options })
    if (route !== undefined) setRoute(route)
  }, [route, path])
}
