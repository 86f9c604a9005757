// ut_holepunch: asking a common peer to bring two others together (BEP 55). Codec only; the policy needs uTP.

import { type Endpoint, formatIp, packEndpoint } from '@bt/primitives'
import { WireError } from './errors.ts'

/** Numbers of BEP 55; 'error' echoes the endpoint that was asked for. */
export interface HolepunchMessage {
  readonly type: 'rendezvous' | 'connect' | 'error'
  readonly endpoint: Endpoint
  /** 0 unless an error: 1 no such peer, 2 not connected, 3 no support, 4 no self. */
  readonly errorCode: number
}

const TYPES = ['rendezvous', 'connect', 'error'] as const

/** The payload; undefined when the endpoint is a name. */
export function encodeHolepunch(message: HolepunchMessage): Uint8Array | undefined {
  const packed = packEndpoint(message.endpoint)
  if (packed === undefined) return undefined
  const payload = new Uint8Array(2 + packed.length + 4)
  payload[0] = TYPES.indexOf(message.type)
  payload[1] = packed.length === 6 ? 0 : 1
  payload.set(packed, 2)
  payload[payload.length - 1] = message.errorCode
  return payload
}

/** @throws {WireError} MESSAGE_MALFORMED or MESSAGE_LENGTH_WRONG, blame remote */
export function decodeHolepunch(payload: Uint8Array): HolepunchMessage {
  const type = TYPES[payload[0] ?? 255]
  const addressLength = payload[1] === 0 ? 4 : 16
  const right = 2 + addressLength + 6
  // The last four bytes are left out by some when there is no error.
  if (payload.length !== right && payload.length !== right - 4) {
    throw new WireError(
      'MESSAGE_LENGTH_WRONG',
      'remote',
      `a ut_holepunch message of ${payload.length} bytes, must be ${right}`,
    )
  }
  if (type === undefined || (payload[1] as number) > 1) {
    throw new WireError('MESSAGE_MALFORMED', 'remote', `ut_holepunch message type ${payload[0]}`)
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  return {
    type,
    endpoint: {
      host: formatIp(payload.subarray(2, 2 + addressLength)),
      port: view.getUint16(2 + addressLength),
    },
    errorCode: payload.length === right ? view.getUint32(right - 4) : 0,
  }
}
