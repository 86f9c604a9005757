// Reads one response body into memory: decompressed, and never more than its limit (gzip bombs end there).

import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { type Done, NetworkError } from '@bt/ports'

/**
 * `done` comes once; the body is the caller's. Errors: TOO_LONG, BAD_RESPONSE. An unknown coding is an error: we
 * asked for none but gzip.
 */
export function readBody(
  response: IncomingMessage,
  lengthMax: number,
  done: Done<Uint8Array>,
): void {
  const coding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const declared = Number(response.headers['content-length'] ?? 0)
  let isOver = false
  const finish = (error: Error | undefined, body: Uint8Array): void => {
    if (isOver) return
    isOver = true
    if (error !== undefined) {
      response.destroy()
      plain?.destroy()
    }
    done(error, body)
  }
  const fail = (error: Error): void => finish(error, new Uint8Array(0))
  const plain = decoded(response, coding)
  if (plain === undefined) {
    fail(new NetworkError('BAD_RESPONSE', `the body is coded as "${coding.slice(0, 40)}"`))
    return
  }
  response.on('error', fail)
  if (coding === 'identity' && declared > lengthMax) {
    fail(tooLong(declared, lengthMax))
    return
  }
  const chunks: Uint8Array[] = []
  let length = 0
  plain.on('data', (chunk: Uint8Array) => {
    length += chunk.length
    if (length > lengthMax) fail(tooLong(length, lengthMax))
    else if (!isOver) chunks.push(chunk)
  })
  plain.on('error', (error: Error) => {
    const message = `the body is not the ${coding} it claims to be: ${error.message}`
    fail(plain === response ? error : new NetworkError('BAD_RESPONSE', message, { cause: error }))
  })
  plain.on('end', () => {
    const body = new Uint8Array(length)
    let at = 0
    for (const chunk of chunks) {
      body.set(chunk, at)
      at += chunk.length
    }
    finish(undefined, body)
  })
}

function decoded(response: IncomingMessage, coding: string): Readable | undefined {
  if (coding === 'identity' || coding === '') return response
  if (coding === 'gzip' || coding === 'x-gzip') return response.pipe(createGunzip())
  if (coding === 'deflate') return response.pipe(createInflate())
  return undefined
}

function tooLong(length: number, lengthMax: number): NetworkError {
  return new NetworkError('TOO_LONG', `the body has ${length} bytes or more, limit ${lengthMax}`)
}
