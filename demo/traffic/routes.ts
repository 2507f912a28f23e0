/** The imagined shop's routes, how heavy each is, and the API calls that its pages make. */

import type { CauseModels, InpModel, LcpModel } from './causes.ts'

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
  /** Server-Timing: names and the shares of the time to first byte. */
  server?: Record<string, number>
}

export interface RouteModel {
  route: string
  /** Medians on a laptop and a good line: server's answer, render to LCP, INP, in ms; CLS in thousandths. */
  ttfb: number
  render: number
  inp: number
  cls: number
  calls: EndpointModel[]
  causes: CauseModels
}

const call = (
  endpoint: string,
  duration: number,
  bytes: number,
  rest: Partial<EndpointModel> = {},
): EndpointModel => ({ endpoint, duration, bytes, failing: 0.002, lost: 0.003, ...rest })

const products = call('GET /api/products', 120, 9_400, { server: { db: 0.6, render: 0.1 } })
const product = call('GET /api/products/[id]', 70, 2_100)
const advice = call('GET /api/recommendations', 480, 14_800, { failing: 0.02, server: { model: 0.8 } })
const search = call('GET /api/search', 260, 6_200, { onClick: true })
const cart = call('POST /api/cart', 140, 900, { failing: 0.01, onClick: true })
const account = call('GET /api/account', 160, 1_300)
const payment = call('GET pay.example/v1/methods', 340, 0, { opaque: true, lost: 0.01 })
const checkout = call('POST /api/checkout', 620, 1_100, { failing: 0.035, lost: 0.01, onClick: true })

const image = (target: string, url: string, rest: Partial<LcpModel> = {}): LcpModel => ({
  target,
  url,
  loadDelay: 0.2,
  loadDuration: 0.55,
  ...rest,
})
const heading = (target: string, rest: Partial<LcpModel> = {}): LcpModel => ({
  target,
  url: null,
  loadDelay: 0,
  loadDuration: 0,
  ...rest,
})
const app = (invoker: string) => ({ url: '/assets/app.js', invoker })
const click = (target: string, rest: Partial<InpModel> = {}): InpModel => ({
  target,
  event: 'pointerup',
  inputDelay: 0.15,
  processing: 0.5,
  script: app(`${target}.onclick`),
  ...rest,
})

const menu = click('header>button.menu', { processing: 0.25 })
const busy = click('main', {
  inputDelay: 0.7,
  processing: 0.2,
  script: { url: 'https://tags.example/t.js', invoker: 'TimerHandler:setTimeout' },
})
const buy = click('button#add-to-cart', { processing: 0.65, starts: 'POST /api/cart' })
const banner = 'body>div.banner'

const home: CauseModels = {
  lcp: [
    [image('main>img#hero', '/img/hero.jpg', { loadDelay: 0.6, loadDuration: 0.3 }), 70],
    [heading('main>h1'), 30],
  ],
  inp: [
    [menu, 5],
    [busy, 5],
  ],
  cls: [
    ['main>section.news', 6],
    [banner, 3],
  ],
}
const category: CauseModels = {
  lcp: [
    [
      image('ul.products>li>a>img', '/img/products/[id].jpg', {
        loadDelay: 0.55,
        loadDuration: 0.35,
        waitsFor: 'GET /api/products',
      }),
      75,
    ],
    [heading('main>h1'), 25],
  ],
  inp: [
    [click('select#sort', { event: 'change', processing: 0.6 }), 5],
    [busy, 3],
  ],
  cls: [
    ['ul.products>li>a>img', 7],
    ['main>h1', 2],
  ],
}
const productPage: CauseModels = {
  lcp: [
    [image('article>img.product', '/img/products/[id].jpg'), 80],
    [heading('article>h1'), 20],
  ],
  inp: [
    [buy, 6],
    [busy, 2],
  ],
  cls: [
    ['article>img.product', 4],
    ['section.reviews', 5],
  ],
}
/** What the newest release changed: the picture's address comes from the API, and reviews run in every click. */
const slowProductPage: CauseModels = {
  ...productPage,
  lcp: [
    [
      image('article>img.product', '/img/products/[id].jpg', {
        loadDelay: 0.65,
        loadDuration: 0.25,
        waitsFor: 'GET /api/products/[id]',
      }),
      85,
    ],
    [heading('article>h1'), 15],
  ],
  inp: [
    [
      {
        ...buy,
        processing: 0.75,
        script: { url: '/assets/reviews.js', invoker: 'BUTTON#add-to-cart.onclick' },
      },
      1,
    ],
  ],
}
const results: CauseModels = {
  lcp: [[heading('ol.results>li>a', { waitsFor: 'GET /api/search' }), 1]],
  inp: [[click('input#query', { event: 'keydown', processing: 0.7, starts: 'GET /api/search' }), 1]],
  cls: [
    ['ol.results', 8],
    [banner, 2],
  ],
}
const basket: CauseModels = {
  lcp: [[heading('main>h1'), 1]],
  inp: [[click('button.quantity', { starts: 'POST /api/cart' }), 1]],
  cls: [['p.total', 1]],
}
const pay: CauseModels = {
  lcp: [[heading('form>h1', { waitsFor: 'GET pay.example/v1/methods' }), 1]],
  inp: [[click('button#pay', { processing: 0.3, starts: 'POST /api/checkout' }), 1]],
  cls: [['iframe.payment', 1]],
}
const orders: CauseModels = {
  lcp: [[heading('table.orders', { waitsFor: 'GET /api/account' }), 1]],
  inp: [[menu, 1]],
  cls: [['table.orders', 1]],
}

export const ROUTES: readonly (readonly [RouteModel, number])[] = [
  [{ route: '/', ttfb: 250, render: 1_350, inp: 55, cls: 20, calls: [products, advice], causes: home }, 26],
  [
    { route: '/c/[slug]', ttfb: 340, render: 1_230, inp: 75, cls: 45, calls: [products], causes: category },
    22,
  ],
  [
    {
      route: '/p/[id]',
      ttfb: 290,
      render: 1_500,
      inp: 65,
      cls: 15,
      calls: [product, advice, cart],
      causes: productPage,
    },
    30,
  ],
  [{ route: '/search', ttfb: 460, render: 1_050, inp: 95, cls: 70, calls: [search], causes: results }, 8],
  [{ route: '/cart', ttfb: 220, render: 780, inp: 60, cls: 8, calls: [cart], causes: basket }, 7],
  [
    {
      route: '/checkout',
      ttfb: 360,
      render: 1_140,
      inp: 110,
      cls: 12,
      calls: [payment, checkout],
      causes: pay,
    },
    4,
  ],
  [
    { route: '/account/orders', ttfb: 530, render: 900, inp: 60, cls: 10, calls: [account], causes: orders },
    3,
  ],
]

/** Releases by the share of the time at which each came. */
export const RELEASES: readonly { release: string; from: number }[] = [
  { release: '4.1.0', from: 0 },
  { release: '4.1.1', from: 0.45 },
  { release: '4.2.0', from: 0.75 },
]

/** What the newest release makes worse, on phones: the product page's render and its answer to a click. */
export const REGRESSION = {
  release: '4.2.0',
  route: '/p/[id]',
  render: 1.7,
  inp: 1.9,
  causes: slowProductPage,
}
