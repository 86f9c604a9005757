// Seeded mutation of bytes, and the form of a fuzz target. A failing input repeats from its seed.
import { Prng } from '@bt/primitives'

/**
 * A decoder under mutation. `run` may return or throw one of `expects` (by `name`); anything else is a finding,
 * and so is a run of more than `millisecondsMax`.
 */
export interface FuzzTarget {
  readonly seeds: readonly Uint8Array[]
  readonly expects: readonly string[]
  run(bytes: Uint8Array): void
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x30, 0x2d, 0x64, 0x65, 0x69, 0x6c, 0x3a]

/** One to four small changes: flips, cuts, doubled slices, splices with another seed, extreme numbers. */
export function mutate(seeds: readonly Uint8Array[], random: Prng): Uint8Array {
  const pick = (): Uint8Array => seeds[random.below(seeds.length)] ?? new Uint8Array(0)
  let bytes: Uint8Array = pick().slice()
  for (let change = random.below(4); change >= 0; change--) {
    const at = bytes.length === 0 ? 0 : random.below(bytes.length)
    const span = 1 + random.below(Math.max(1, Math.min(64, bytes.length - at)))
    switch (random.below(8)) {
      case 0:
        if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
        break
      case 1:
        if (bytes.length > 0) bytes[at] = INTERESTING[random.below(INTERESTING.length)] as number
        break
      case 2:
        bytes = bytes.slice(0, at)
        break
      case 3:
        bytes = concat(bytes.subarray(0, at), bytes.subarray(at + span))
        break
      case 4:
        bytes = concat(bytes.subarray(0, at + span), bytes.subarray(at))
        break
      case 5: {
        const other = pick()
        const from = other.length === 0 ? 0 : random.below(other.length)
        bytes = concat(bytes.subarray(0, at), other.subarray(from))
        break
      }
      case 6: {
        const extreme = new Uint8Array(4)
        if (random.below(2) === 0) extreme.fill(255)
        else random.fill(extreme)
        bytes = concat(
          bytes.subarray(0, at),
          extreme,
          bytes.subarray(Math.min(bytes.length, at + 4)),
        )
        break
      }
      default: {
        const digits = new TextEncoder().encode(String(random.below(2 ** 40)))
        bytes = concat(bytes.subarray(0, at), digits, bytes.subarray(at))
      }
    }
    if (bytes.length > 1 << 16) bytes = bytes.slice(0, 1 << 16)
  }
  return bytes
}

/** Runs `inputs` mutated inputs; throws on the first that is not answered as `expects` says. */
export function fuzz(target: FuzzTarget, options: { inputs: number; seed: number }): void {
  const random = new Prng(options.seed)
  for (let input = 0; input < options.inputs; input++) {
    const bytes = mutate(target.seeds, random)
    try {
      target.run(bytes)
    } catch (error) {
      if (error instanceof Error && target.expects.includes(error.name)) continue
      const hex = Buffer.from(bytes).toString('hex').slice(0, 2000)
      throw new Error(`input ${input} of seed ${options.seed}: ${hex}`, { cause: error })
    }
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
