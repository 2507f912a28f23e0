/**
 * Numbers of one unit. A plain number fits each of them, but one of them never fits another: where an hour is wanted, a
 * time in ms does not compile. What comes of arithmetic is a plain number again. At run time all of them are numbers.
 */

type Unit<Name extends string> = number & { readonly unit?: Name }

/** A Unix time, in ms. */
export type Ms = Unit<'ms'>
/** Whole hours since 1970. A day is its first hour. */
export type Hour = Unit<'hour'>
/** What values are stored in: 1 ms, or a thousandth of CLS. */
export type Grains = Unit<'grains'>
/** One of so many is kept, or read: a whole number. A share is 0 to 1. */
export type OneIn = Unit<'one in'>
