// Types that are told apart by name although they are made of the same stuff.

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
