import {
  createMetainfo,
  HASH_LENGTH,
  HashTree,
  type Metainfo,
  parseInfo,
  parseMetainfo,
} from '@bt/metainfo'
import { type InfoHashV2, Prng } from '@bt/primitives'
import type { HashRange } from '@bt/wire'
import { describe, expect, test } from 'vitest'
import { type LayerAction, LayerExchange } from '../src/extensions/layer-exchange.ts'
import { LAYER_LIMITS } from '../src/extensions/layer-limits.ts'

const { answerMs, pauseMs, requestsPerPeerMax } = LAYER_LIMITS

/** A torrent with its layers, and the same without. Files of 40, 3 and 1 pieces, and the first once more. */
function torrents(): { readonly whole: Metainfo; readonly bare: Metainfo } {
  const random = new Prng('layers')
  const data = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    random.fill(bytes)
    return bytes
  }
  const long = data(40 * 16_384 - 7)
  const files = [long, data(40_000), data(100), long].map((bytes, at) => ({
    path: [`file-${at}`],
    data: bytes,
  }))
  const whole = parseMetainfo(
    createMetainfo({ name: 'n', layout: 'folder', version: '2', pieceLength: 16_384, files }),
  )
  return { whole, bare: parseInfo(whole.infoBytes, whole.infoHashV2 as InfoHashV2) }
}

function taken<P>(exchange: LayerExchange<P>): LayerAction<P>[] {
  const actions: LayerAction<P>[] = []
  for (let action = exchange.next(); action !== undefined; action = exchange.next()) {
    actions.push(action)
  }
  return actions
}

const ranges = (actions: readonly LayerAction<string>[], peer: string): HashRange[] =>
  actions.flatMap((action) =>
    action.type === 'request' && action.peer === peer ? [action.range] : [],
  )

/** What an honest peer answers. */
function answer(whole: Metainfo, range: HashRange): Uint8Array {
  const file = whole.files.findIndex((one) =>
    one.piecesRoot?.every((b, i) => b === range.piecesRoot[i]),
  )
  const { length, piecesRoot } = whole.files[file] as { length: number; piecesRoot: Uint8Array }
  const tree = new HashTree({ length, piecesRoot, pieceLength: 16_384 }, whole.pieceLayer(file))
  return tree.answer(range, () => undefined) as Uint8Array
}

function fetchAll(spanLength: number): { readonly asked: number; readonly bare: Metainfo } {
  const { whole, bare } = torrents()
  const exchange = new LayerExchange<string>(bare, { hashesPerRequest: spanLength })
  exchange.joined('a', 0)
  let asked = 0
  for (let round = 0; round < 100; round++) {
    const actions = taken(exchange)
    if (actions.at(-1)?.type === 'done') break
    for (const range of ranges(actions, 'a')) {
      asked++
      exchange.received('a', range, answer(whole, range), round)
    }
  }
  for (const file of [0, 1, 3]) expect(bare.pieceLayer(file)).toEqual(whole.pieceLayer(file))
  return { asked, bare }
}

describe('piece layers from peers', () => {
  test('spans of every length make up the layers, each file once, files of one piece and twins not at all', () => {
    expect(fetchAll(512).asked).toBe(2)
    expect(fetchAll(16).asked).toBe(3 + 1)
    expect(fetchAll(2).asked).toBe(20 + 2)
    expect(fetchAll(2).bare.missingLayers()).toEqual([])
  })

  test('a peer is asked for a few spans at a time, and the next ones go to others', () => {
    const exchange = new LayerExchange<string>(torrents().bare, { hashesPerRequest: 2 })
    exchange.joined('a', 0)
    exchange.joined('b', 0)
    const actions = taken(exchange)
    expect(ranges(actions, 'a')).toHaveLength(requestsPerPeerMax)
    expect(ranges(actions, 'b')).toHaveLength(requestsPerPeerMax)
    expect(ranges(actions, 'b')).not.toContainEqual(ranges(actions, 'a')[0])
  })

  test('hashes that do not lead to the root blame who told them, and the span is asked of somebody else', () => {
    const { whole, bare } = torrents()
    const exchange = new LayerExchange<string>(bare, { hashesPerRequest: 16 })
    exchange.joined('liar', 0)
    const [range] = ranges(taken(exchange), 'liar') as [HashRange]
    const wrong = answer(whole, range)
    wrong[HASH_LENGTH] = (wrong[HASH_LENGTH] as number) ^ 1
    exchange.received('liar', range, wrong, 1)
    expect(taken(exchange)).toEqual([
      { type: 'blame', peer: 'liar', reason: 'hashes that do not lead to the root' },
    ])
    exchange.joined('honest', 2)
    expect(ranges(taken(exchange), 'honest')).toContainEqual(range)
  })

  test('who rejects or is silent is left alone for a while, and others take over at once', () => {
    for (const how of ['rejects', 'is silent'] as const) {
      const exchange = new LayerExchange<string>(torrents().bare)
      exchange.joined('a', 0)
      const [range] = ranges(taken(exchange), 'a') as [HashRange]
      exchange.joined('b', 0)
      taken(exchange)
      const at = how === 'rejects' ? 1 : answerMs
      if (how === 'rejects') exchange.rejected('a', range, at)
      else {
        expect(exchange.deadline()).toBe(answerMs)
        exchange.tick(at)
      }
      expect(ranges(taken(exchange), 'b'), how).toContainEqual(range)
      exchange.left('b', at + 1)
      expect(taken(exchange), how).toEqual([])
      expect(exchange.deadline()).toBe(at + pauseMs)
      exchange.tick(at + pauseMs)
      expect(ranges(taken(exchange), 'a'), how).toContainEqual(range)
    }
  })

  test('answers that nobody asked for, or of another shape, change nothing', () => {
    const { whole, bare } = torrents()
    const exchange = new LayerExchange<string>(bare)
    exchange.joined('a', 0)
    const [range] = ranges(taken(exchange), 'a') as [HashRange]
    const hashes = answer(whole, range)
    exchange.received('b', range, hashes, 1)
    exchange.received('a', { ...range, proofLayers: 0 }, hashes, 1)
    exchange.received('a', { ...range, piecesRoot: new Uint8Array(32) }, hashes, 1)
    expect(taken(exchange)).toEqual([])
    expect(bare.pieceLayer(0)).toBeUndefined()
    exchange.received('a', range, hashes, 1)
    expect(bare.pieceLayer(0)).toEqual(whole.pieceLayer(0))
  })
})
