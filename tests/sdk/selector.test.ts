import { expect, test } from 'vitest'
import { idOf, isNamed } from '../../sdk/selector.ts'

// How well names that a tool has generated are told from those that a person gave: by the kinds of the common tools, and by
// class names of shops, blogs, Bootstrap, Material UI and others.

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const LETTERS = LOWER + LOWER.toUpperCase()
const BASE36 = `${LOWER}0123456789`
const BASE64 = `${LETTERS}0123456789_-`
const SAMPLES = 2_000

/** The same numbers each time. */
let seed = 7
function below(limit: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >>> 8) % limit
}
const random = (letters: string, length: number) =>
  Array.from({ length }, () => letters[below(letters.length)]).join('')
const one = (texts: readonly string[]) => texts[below(texts.length)] ?? ''
const component = () => one(['Button_root', 'Header_nav', 'card_title', 'ProductCard_image', 'page_main'])

/** What stays at most, of 100. */
const KINDS: [kind: string, stays: number, make: () => string][] = [
  ['styled-components: the hash', 10, () => random(LETTERS, 6)],
  ['styled-components: the component', 0, () => `sc-${random(LETTERS, 6)}`],
  ['styled-components with names', 0, () => `Button__StyledButton-sc-${random(BASE36, 6)}-0`],
  ['emotion', 0, () => `css-${random(BASE36, 6)}`],
  ['emotion with labels', 0, () => `css-${random(BASE36, 6)}-Button`],
  ['CSS modules', 6, () => `${component()}__${random(BASE64, 5)}`],
  ['CSS modules of Vite', 0, () => `_root_${random(BASE36, 5)}_${1 + below(300)}`],
  ['CSS modules of Gatsby', 6, () => `Layout-module--main--${random(BASE64, 5)}`],
  ['Svelte', 0, () => `svelte-${random(LOWER, 6)}`],
  ['styled-jsx', 0, () => `jsx-${below(1e9)}`],
  ['Ember', 0, () => `ember-view-${random(LOWER, 3)}`],
  ['Angular', 0, () => one(['ng-tns-c1-0', 'ng-star-inserted', '_ngcontent-abc', 'ng-untouched'])],
  ['JSS', 0, () => `jss${below(400)}`],
  ['StyleX', 10, () => `x${random(BASE36, 6)}`],
  ['Linaria', 10, () => `Title_t${random(BASE36, 6)}`],
  [
    'Tailwind',
    0,
    () => one(['w-[12px]', 'md:flex', 'mt-4', 'text-2xl', '-mx-2', 'p-0.5', 'bg-[#fff]', 'w-1/2']),
  ],
]

/** Class names as people give them, of five languages. */
const WORDS = `
  accordion accordion-body accordion-button accordion-collapse accordion-header accordion-item active alert
  alert-danger alert-dismissible align-items-center anchor app app-bar app-root article article__body
  article__title aside author avatar back-to-top background badge banner banner__close basket blockquote
  blog-post body bottom-sheet box breadcrumb breadcrumb-item brand btn btn-close btn-group btn-lg
  btn-outline-secondary btn-primary button button--primary button__icon callout caption card card-body
  card-deck card-footer card-header card-img-overlay card-img-top card-title card__media carousel
  carousel-caption carousel-control-next carousel-indicators carousel-inner carousel-item cart cart-drawer
  cart__line-item category-list chat-widget checkbox checkout checkout-form checkout__summary chip clearfix
  col col-auto collapse collection-grid column columns comment comment-list container container-fluid content
  content-wrapper cookie-banner countdown cover cover-image cta dashboard data-table date-picker
  delivery-options dialog dialog__backdrop discount divider doc-content dropdown dropdown-item dropdown-menu
  dropdown-toggle editor ember-application empty-state entry entry-content error-message facet-list faq
  featured-products field field__label figure filter-bar filters flash-sale flex flex-column floating-action
  footer footer__links form form-check form-control form-floating form-group form-label form-select gallery
  gallery__thumb grid grid-item hamburger has-error header header__logo headline hero hero--large hero-banner
  hero__image hero__title highlight homepage icon icon-button image image-wrapper img-fluid inner input
  input-group input-group-text is-active is-invalid is-open item item__price jumbotron justify-content-between
  kicker label landing language-switcher layout layout__main lead lightbox link list list-group
  list-group-item loader loading-spinner login-form logo lower-third main main-content main-nav map-container
  mask masthead media-object media__body mega-menu menu menu-item menu-toggle message meta minicart modal
  modal-backdrop modal-body modal-content modal-dialog modal-header modal__overlay MuiAppBar-root
  MuiButton-contained MuiButton-root MuiButtonBase-root MuiContainer-root MuiGrid-item MuiPaper-root
  MuiTypography-root nav nav-item nav-link nav-tabs nav__list navbar navbar-brand navbar-collapse navbar-nav
  navbar-toggler navigation newsletter newsletter-signup notification offcanvas offer offers onboarding
  order-summary overlay page page-header page-link page-title pagination panel panel-heading paragraph
  pdp-gallery picture pill placeholder player playlist popover popup post post-content post__author price
  price-tag primary product product-card product-card__image product-card__title product-grid product-list
  productCard product_list_item profile profile-picture progress progress-bar promo promo-banner
  quantity-selector quick-view radio rating ratings recommendation related-articles results review
  review-stars row save-button scroller search search-bar search-form search-results search__input section
  section-title select selected sharing-buttons shopping-bag shopify-section show sidebar sidebar__inner
  site-footer site-header size-chart skeleton skip-link slide slider slider-track slick-list slick-slide
  slick-track spinner sponsor star-rating status step stepper sticky-header stock-level store-locator
  strengths subheading submenu subscribe summary swatch swiper swiper-slide swiper-wrapper switch tab
  tab-content tab-pane table table-responsive table-striped tabs tag tag-list teaser teaser__headline
  testimonial text text-center text-muted thumbnail thumbnails ticker tile timeline title toast toggle toolbar
  tooltip topbar total trust-badges upload user-menu utility-nav v-application v-btn v-card variant-picker
  video video-player visually-hidden voucher widget widget-title wishlist wishlist-button wp-block-button
  wp-block-columns wp-block-cover wp-block-group wp-block-image wp-content wrapper yoast-breadcrumbs zoom
  ant-btn ant-layout-content ant-menu-item el-button el-dialog__body mat-card mat-toolbar mdc-button
  mdc-button__label cdk-overlay-container ion-page p-button q-page navLink heroImage mainNav btnPrimary
  btnSubmit addToCart buyButton searchBox siteHeader articleBody cardGrid ProductPage CartDrawer HeaderNav
  LoginForm SearchResults isOpen hasImage mainContent leftColumn rightColumn topBanner lnkHome hdrLogo imgMain
  txtTitle kpi-tile nps-survey sku-list html-block css-grid-demo svg-icon rss-feed faqList ctaButton
  Startseite produktliste warenkorb kopfzeile fusszeile suchfeld bestellung hauptmenue anmelden uebersicht
  panier produit recherche entete piedpage accueil bouton ajouter carrito buscador producto cabecera
  lista-productos pagina-inicio prodotti carrello ricerca intestazione winkelwagen zoeken hoofdmenu
  strona-glowna koszyk wyszukiwarka przycisk szukaj naglowek
`

test.each(KINDS)('of generated class names, those of %s: at most %d of 100 stay', (kind, most, make) => {
  const stay = Array.from({ length: SAMPLES }, make).filter(isNamed)
  console.log(`${kind}: ${((stay.length * 100) / SAMPLES).toFixed(1)} of 100 stay, as ${stay[0] ?? 'none'}`)
  expect((stay.length * 100) / SAMPLES).toBeLessThanOrEqual(most)
})

test('of class names that people gave, less than one in 100 goes', () => {
  const words = WORDS.trim().split(/\s+/)
  const gone = words.filter(word => !isNamed(word))
  console.log(`${gone.length} of ${words.length} class names go: ${gone.join(' ')}`)
  expect(gone.length / words.length).toBeLessThan(0.01)
})

test('ids keep single digits, and go where a number, a hash or a value may be in them', () => {
  const stay = ['cart', 'tab-2', 'h2', 'step_3', 'main-content', 'buyButton', 'panel1']
  expect(stay.map(idOf)).toEqual(stay.map(id => `#${id}`))
  const go = [
    ...['', '42', 'order-58213', 'user-42', 'ember123', ':r1:', 'radix-:r3:', 'a8f3c2d1', 'x7Yz', 'hCdbBR'],
    ...['jane@example.com', 'mail.ru', 'ünal', 'a b', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ]
  expect(go.map(idOf)).toEqual(go.map(() => ''))
})
