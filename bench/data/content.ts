// Content to transfer or to hash: incompressible, the same for the same length.
import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs'
import { Prng } from '@bt/primitives'

const CHUNK_LENGTH = 1024 * 1024

export function makeContent(file: string, length: number): void {
  if (existsSync(file) && statSync(file).size === length) return
  const random = new Prng('bench/data')
  const chunk = new Uint8Array(CHUNK_LENGTH)
  const descriptor = openSync(file, 'w')
  for (let at = 0; at < length; at += CHUNK_LENGTH) {
    random.fill(chunk)
    writeSync(descriptor, chunk)
  }
  closeSync(descriptor)
}
