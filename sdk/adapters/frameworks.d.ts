/** What the adapters use of frameworks that are not installed here. It is no part of what is published. */

declare module 'react' {
  export function useEffect(run: () => void, changes: readonly unknown[]): void
}
declare module 'next/navigation.js' {
  export function usePathname(): string | null
  export function useParams(): Record<string, string | string[] | undefined> | null
}
declare module 'next/router.js' {
  export function useRouter(): { pathname: string; asPath: string }
}
