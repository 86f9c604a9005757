// What a bencoded value is in TypeScript (BEP 3).
//
// Keys are bytes written as latin-1 text, one character a byte: nothing is lost of a 20-byte infohash used as a key,
// `===` compares them, and the order of the text is the order of the bytes.

/** A decoded value. Integers beyond ±(2^53 − 1) come as bigint, all others as number. Byte strings are views. */
export type BencodeValue = number | bigint | Uint8Array | readonly BencodeValue[] | BencodeDict

/** A dictionary. Keys are bytes as latin-1 text; see `keyOfText` for keys beyond ASCII. */
export type BencodeDict = ReadonlyMap<string, BencodeValue>

/**
 * What `encode` takes. A string becomes its UTF-8 bytes; keys of maps and objects are bytes as latin-1 text; an object's
 * property that is undefined is left out, so that optional keys need no code.
 */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | { readonly [key: string]: Encodable | undefined }
