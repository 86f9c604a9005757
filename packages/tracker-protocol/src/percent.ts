// Percent-encoding of raw bytes (RFC 3986): infohashes and peer ids are bytes, never text (BEP 3).

const DIGITS = '0123456789ABCDEF'
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (/[A-Za-z0-9\-._~]/.test(character)) return character
  return `%${DIGITS.charAt(byte >> 4)}${DIGITS.charAt(byte & 15)}`
})

/** Every byte but the unreserved ones as %XX; a space is %20, never +. */
export function percentEncode(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at++) text += ENCODED[bytes[at] as number] as string
  return text
}

/** The UTF-8 of `text`, percent-encoded. */
export function percentEncodeText(text: string): string {
  return percentEncode(new TextEncoder().encode(text))
}

/**
 * The bytes of a query value; undefined where an escape is broken or a character is no byte. `+` is a space:
 * whoever sends a raw one is a form encoder (others write %2B), and most trackers read it so.
 */
export function percentDecode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at)
    if (code === PERCENT) {
      const high = nibble(text.charCodeAt(at + 1))
      const low = nibble(text.charCodeAt(at + 2))
      if (high < 0 || low < 0) return undefined
      code = high * 16 + low
      at += 2
    } else if (code === PLUS) code = SPACE
    else if (code > 255) return undefined
    bytes[length++] = code
  }
  return bytes.slice(0, length)
}

const PERCENT = 0x25
const PLUS = 0x2b
const SPACE = 0x20

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 65 && code <= 70) return code - 55
  if (code >= 97 && code <= 102) return code - 87
  return -1
}
