/** What the demo shop sells: fixed, so that every visit meets the same shop. Prices in cents. */

export interface Product {
  id: number
  name: string
  category: Category
  price: number
  line: string
  /** Hue of the picture, in degrees. */
  hue: number
}

export const CATEGORIES = ['lamps', 'chairs', 'vases'] as const
export type Category = (typeof CATEGORIES)[number]

export const PRODUCTS: readonly Product[] = [
  { id: 1, name: 'Harbour lamp', category: 'lamps', price: 8900, line: 'Opal glass on oiled oak.', hue: 38 },
  {
    id: 2,
    name: 'Dune lamp',
    category: 'lamps',
    price: 12900,
    line: 'A low sun for the sideboard.',
    hue: 22,
  },
  { id: 3, name: 'Signal lamp', category: 'lamps', price: 6400, line: 'Folds flat, reads well.', hue: 196 },
  { id: 4, name: 'Orchard chair', category: 'chairs', price: 21900, line: 'Pear wood, woven seat.', hue: 96 },
  {
    id: 5,
    name: 'Ferry chair',
    category: 'chairs',
    price: 17500,
    line: 'Stacks by six, weighs three.',
    hue: 208,
  },
  { id: 6, name: 'Clay chair', category: 'chairs', price: 24900, line: 'Warm, wide and patient.', hue: 12 },
  { id: 7, name: 'Reed vase', category: 'vases', price: 4200, line: 'For one stem, or none.', hue: 150 },
  {
    id: 8,
    name: 'Storm vase',
    category: 'vases',
    price: 5600,
    line: 'Thrown by hand, grey as weather.',
    hue: 222,
  },
  {
    id: 9,
    name: 'Plum vase',
    category: 'vases',
    price: 4900,
    line: 'A deep glaze that changes by day.',
    hue: 318,
  },
]

export function findProduct(id: number): Product | undefined {
  return PRODUCTS.find(product => product.id === id)
}
