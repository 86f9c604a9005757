// `piece layers` of a torrent: for each file of more than one piece the hashes of its pieces (BEP 52).
//
// Absent means that peers are to be asked; present, it must have exactly the layers that are needed, each leading to
// its file's root. Who only wants to look at a torrent may have the wrong ones left out.

import { keyOfBytes, type LazyValue } from '@bt/bencode'
import { toHex } from '@bt/primitives'
import { MetainfoError } from './errors.ts'
import { layerFits } from './merkle.ts'
import { typed } from './read-field.ts'

/** A file that the layers are about. */
interface LayeredFile {
  readonly length: number
  readonly piecesRoot?: Uint8Array
}

/** Layers by the root they lead to, as a key of bytes. */
export type PieceLayers = Map<string, Uint8Array>

/** True when a file has more than one piece, so that its root alone does not check them. */
export function needsLayer<File extends LayeredFile>(
  file: File,
  pieceLength: number,
): file is File & { readonly piecesRoot: Uint8Array } {
  return file.piecesRoot !== undefined && file.length > pieceLength
}

/** Each wrong layer is told to `refuse`, which may throw; one that it lets pass is left out. */
export function readPieceLayers(
  value: LazyValue | undefined,
  files: readonly LayeredFile[],
  pieceLength: number,
  refuse: (error: MetainfoError) => void,
): PieceLayers {
  const layers: PieceLayers = new Map()
  if (value === undefined) return layers
  for (const [key, layer] of typed(value, 'dictionary', 'BAD_PIECE_LAYER').entries()) {
    layers.set(key, typed(layer, 'string', 'BAD_PIECE_LAYER').bytes())
  }
  const checked = new Map<string, number>()
  for (const file of files) {
    if (!needsLayer(file, pieceLength)) continue
    const key = keyOfBytes(file.piecesRoot)
    const layer = layers.get(key)
    const known = checked.get(key)
    if (known === file.length) continue
    checked.set(key, file.length)
    if (layer === undefined) {
      refuse(wrong(file.piecesRoot, 'is missing'))
    } else if (
      known !== undefined ||
      !layerFits(layer, { length: file.length, piecesRoot: file.piecesRoot }, pieceLength)
    ) {
      refuse(wrong(file.piecesRoot, `does not lead to it over ${file.length} bytes`))
      layers.delete(key)
    }
  }
  const needed = new Map([...layers].filter(([key]) => checked.has(key)))
  if (needed.size < layers.size) {
    const what = `has ${layers.size} layers, but the files need ${needed.size}`
    refuse(new MetainfoError('BAD_PIECE_LAYER', value.path, what))
  }
  return needed
}

function wrong(root: Uint8Array, what: string): MetainfoError {
  return new MetainfoError(
    'BAD_PIECE_LAYER',
    'piece layers',
    `the layer of root ${toHex(root)} ${what}`,
  )
}
