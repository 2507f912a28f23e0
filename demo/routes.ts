/** The imagined shop's routes, how heavy each is, and the API calls that its pages make. */

export interface EndpointModel {
  endpoint: string
  /** Median of the duration on a good network, in ms. */
  duration: number
  bytes: number
  /** Share of calls that end in a 5xx, and in no answer at all. */
  failing: number
  lost: number
  /** Another origin that hides its timings. */
  opaque?: boolean
  /** Called only once the visitor does something. */
  onClick?: boolean
}

export interface RouteModel {
  route: string
  /** Medians on a laptop and a good line: server's answer, render to LCP, INP, in ms; CLS in thousandths. */
  ttfb: number
  render: number
  inp: number
  cls: number
  calls: EndpointModel[]
}

const call = (
  endpoint: string,
  duration: number,
  bytes: number,
  rest: Partial<EndpointModel> = {},
): EndpointModel => ({ endpoint, duration, bytes, failing: 0.002, lost: 0.003, ...rest })

const products = call('GET /api/products', 120, 9_400)
const product = call('GET /api/products/[id]', 70, 2_100)
const advice = call('GET /api/recommendations', 480, 14_800, { failing: 0.02 })
const search = call('GET /api/search', 260, 6_200, { onClick: true })
const cart = call('POST /api/cart', 140, 900, { failing: 0.01, onClick: true })
const account = call('GET /api/account', 160, 1_300)
const payment = call('GET pay.example/v1/methods', 340, 0, { opaque: true, lost: 0.01 })
const checkout = call('POST /api/checkout', 620, 1_100, { failing: 0.035, lost: 0.01, onClick: true })

export const ROUTES: readonly (readonly [RouteModel, number])[] = [
  [{ route: '/', ttfb: 250, render: 1_350, inp: 55, cls: 20, calls: [products, advice] }, 26],
  [{ route: '/c/[slug]', ttfb: 340, render: 1_230, inp: 75, cls: 45, calls: [products] }, 22],
  [{ route: '/p/[id]', ttfb: 290, render: 1_500, inp: 65, cls: 15, calls: [product, advice, cart] }, 30],
  [{ route: '/search', ttfb: 460, render: 1_050, inp: 95, cls: 70, calls: [search] }, 8],
  [{ route: '/cart', ttfb: 220, render: 780, inp: 60, cls: 8, calls: [cart] }, 7],
  [{ route: '/checkout', ttfb: 360, render: 1_140, inp: 110, cls: 12, calls: [payment, checkout] }, 4],
  [{ route: '/account/orders', ttfb: 530, render: 900, inp: 60, cls: 10, calls: [account] }, 3],
]

/** Releases by the share of the time at which each came. */
export const RELEASES: readonly { release: string; from: number }[] = [
  { release: '4.1.0', from: 0 },
  { release: '4.1.1', from: 0.45 },
  { release: '4.2.0', from: 0.75 },
]

/** What the newest release makes worse: the product page's render and its answer to a click. */
export const REGRESSION = { release: '4.2.0', route: '/p/[id]', render: 1.7, inp: 1.9 }
