/**
 * The shop's pictures, drawn as SVG.
 *
 * A browser counts a picture as largest contentful paint only above 0.05 bits a displayed pixel, so each carries a
 * grain of a few hundred dots, placed by a fixed sequence.
 *
 * @see https://www.w3.org/TR/largest-contentful-paint/#sec-effective-visual-size
 */

import type { Category, Product } from './products.ts'

const SHAPES: Record<Category, (hue: number) => string> = {
  lamps: hue => `
    <path d="M130 120h140l40 110H90z" fill="hsl(${hue} 85% 78%)"/>
    <rect x="193" y="230" width="14" height="110" fill="hsl(${hue} 25% 32%)"/>
    <rect x="140" y="340" width="120" height="14" rx="7" fill="hsl(${hue} 25% 32%)"/>`,
  chairs: hue => `
    <rect x="140" y="80" width="120" height="130" rx="14" fill="hsl(${hue} 40% 62%)"/>
    <rect x="125" y="220" width="150" height="30" rx="10" fill="hsl(${hue} 45% 45%)"/>
    <path d="M140 250l-14 110M260 250l14 110" stroke="hsl(${hue} 30% 28%)" stroke-width="13"/>`,
  vases: hue => `
    <path d="M178 90h44c-8 60 62 90 52 180-6 54-34 84-74 84s-68-30-74-84c-10-90 60-120 52-180z"
      fill="hsl(${hue} 42% 52%)"/>
    <ellipse cx="200" cy="90" rx="22" ry="6" fill="hsl(${hue} 40% 32%)"/>`,
}

/** A product on a plain ground, 400 by 400. */
export function productPicture({ category, hue, id }: Product): string {
  return svg(
    400,
    400,
    `<rect width="400" height="400" fill="hsl(${hue} 45% 93%)"/>
    <circle cx="200" cy="210" r="150" fill="hsl(${hue} 60% 87%)"/>
    ${SHAPES[category](hue)}${grain(400, 400, 160, id)}`,
  )
}

/** The large picture of the home page, 1200 by 480: an evening with lamps. */
export function heroPicture(): string {
  const lamps = [170, 420, 690, 1010].map(
    (x, i) => `<path d="M${x} 0v${90 + i * 24}" stroke="#f3d9b1" stroke-width="3"/>
      <circle cx="${x}" cy="${140 + i * 24}" r="120" fill="#ffcf86" opacity=".13"/>
      <path d="M${x - 52} ${150 + i * 24}a52 60 0 0 1 104 0z" fill="#ffd79a"/>`,
  )
  return svg(
    1200,
    480,
    `<defs><linearGradient id="e" x2="0" y2="1"><stop stop-color="#1d2b3f"/><stop offset="1" stop-color="#8c4a3a"/>
    </linearGradient></defs><rect width="1200" height="480" fill="url(#e)"/>
    <path d="M0 400q300-70 600-20t600-30v130H0z" fill="#2a1b1c"/>${lamps.join('')}${grain(1200, 480, 700, 7)}`,
  )
}

const svg = (width: number, height: number, body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${body}</svg>`

function grain(width: number, height: number, dots: number, seed: number): string {
  let state = seed
  const next = (max: number) => {
    state = (state * 48271) % 2147483647
    return state % max
  }
  next(2)
  return Array.from(
    { length: dots },
    () => `<circle cx="${next(width)}" cy="${next(height)}" r="1" fill="#fff" opacity=".${1 + next(3)}"/>`,
  ).join('')
}
