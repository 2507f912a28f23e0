/** In place of web-vitals' lib/initUnique.js, which shares an object with its attribution build. */

export const initUnique = <T>(_: object, Class: new () => T): T => new Class()
