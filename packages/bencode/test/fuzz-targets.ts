// What the root runner feeds with mutated bytes, a million inputs each.
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { decode, decodeLenient, decodePrefix } from '../src/decode.ts'
import { encode } from '../src/encode.ts'
import { EXTENDED_LIMITS, KRPC_LIMITS } from '../src/limits.ts'
import { openDocument, openLenient } from '../src/lazy-value.ts'
import { rawValue } from '../src/raw-value.ts'
import { latin1 } from './bytes.ts'

const seeds: readonly Uint8Array[] = [
  'd8:announce3:url4:infod5:filesld6:lengthi5e4:pathl1:a5:b.txteee4:name1:x12:piece lengthi16384e6:pieces3:aaaee',
  'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe',
  'd1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e4:reqqi250e1:v6:cliente',
  'd8:msg_typei1e5:piecei0e10:total_sizei3eexyz',
  'li0ei-1ei9007199254740993ei-9223372036854775808e0:ledelleee',
  'd0:0:1:\0le10:aaaaaaaaaai1e2:\xff\xfei1ee',
  `${'l'.repeat(60)}${'e'.repeat(60)}`,
].map(latin1)

export const targets: Record<string, FuzzTarget> = {
  decode: {
    seeds,
    expects: ['BencodeError'],
    run(bytes) {
      const value = decode(bytes)
      // What strict decoding accepts is canonical, so it is the one encoding of its value.
      same(encode(value), bytes)
      same(rawValue(bytes, []) ?? new Uint8Array(0), bytes)
    },
  },
  decodePrefix: {
    seeds,
    expects: ['BencodeError'],
    run(bytes) {
      const { value, length } = decodePrefix(bytes, EXTENDED_LIMITS)
      same(encode(value), bytes.subarray(0, length))
    },
  },
  decodeKrpc: {
    seeds,
    expects: ['BencodeError'],
    run(bytes) {
      same(encode(decode(bytes, KRPC_LIMITS)), bytes)
    },
  },
  decodeLenient: {
    seeds,
    expects: ['BencodeError'],
    run(bytes) {
      const { value, relaxed } = decodeLenient(bytes)
      const again = encode(value)
      // Nothing relaxed means that the bytes were canonical, and the other way round.
      if (relaxed.length === 0) same(again, bytes)
      else if (Buffer.compare(again, bytes) === 0) throw new Error('relaxed, yet canonical')
      same(encode(openLenient(bytes).root.value()), again)
    },
  },
  openDocument: {
    seeds,
    expects: ['BencodeError'],
    run(bytes) {
      const root = openDocument(bytes)
      root.need('info').need('files').items()
      root.need('announce').text()
    },
  },
}

function same(one: Uint8Array, other: Uint8Array): void {
  if (Buffer.compare(one, other) !== 0) throw new Error('not the same bytes')
}
