// A pause that doubles with every failure, by multiplication alone, so that it is the same on every machine.

/** `firstMs` after the first failure, twice that after the second, never more than `mostMs`. */
export function backOff(firstMs: number, failures: number, mostMs: number): number {
  let pause = firstMs
  for (let failure = 1; failure < failures && pause < mostMs; failure++) pause *= 2
  return Math.min(pause, mostMs)
}
