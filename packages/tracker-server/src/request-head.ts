// The head of an HTTP request in bytes: request line, and the four headers that matter to a tracker (RFC 9112).

export interface RequestHead {
  /** Bytes, with the empty line. */
  length: number
  targetFrom: number
  targetEnd: number
  /** '': another method. */
  method: 'GET' | 'HEAD' | ''
  /** HTTP/1.0: closes unless it says otherwise. */
  isOld: boolean
  connection: '' | 'close' | 'keep-alive'
  hasBody: boolean
  /** All of them, in order, with commas between. */
  forwardedFor: string | undefined
}

const CR = 13
const LF = 10
const SPACE = 32
const TAB = 9
const COLON = 58
const SLASH = 47
/** Bytes of a method that is none of ours but still one. */
const METHOD_LENGTH_MAX = 20

/** Reads the head at `from` into `head`: whole, not all there yet, or no HTTP. Empty lines before it are skipped. */
export function readRequestHead(
  bytes: Uint8Array,
  from: number,
  head: RequestHead,
): 'whole' | 'more' | 'bad' {
  let at = from
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2
  const line = at
  while (at < bytes.length && isToken(bytes[at] as number)) at++
  if (at === bytes.length) return at - line > METHOD_LENGTH_MAX ? 'bad' : 'more'
  if (bytes[at] === CR && at + 1 === bytes.length && at === line) return 'more'
  if (bytes[at] !== SPACE || at === line || at - line > METHOD_LENGTH_MAX) return 'bad'
  head.method = methodOf(bytes, line, at)
  head.targetFrom = ++at
  while (at < bytes.length && (bytes[at] as number) > SPACE) at++
  head.targetEnd = at
  if (at === bytes.length) return 'more'
  if (bytes[at] !== SPACE || at === head.targetFrom) return 'bad'
  // HTTP/1.x and the end of the line: ten bytes.
  const version = at + 1
  if (bytes.length < version + 10) return 'more'
  if (!isAt(bytes, version, 'HTTP/1.') || bytes[version + 8] !== CR || bytes[version + 9] !== LF)
    return 'bad'
  head.isOld = bytes[version + 7] === 0x30
  head.connection = ''
  head.hasBody = false
  head.forwardedFor = undefined
  for (at = version + 10; ; ) {
    let end = at
    while (end < bytes.length && bytes[end] !== LF) end++
    if (end === bytes.length) return 'more'
    if (bytes[end - 1] !== CR) return 'bad'
    if (end - 1 === at) {
      head.length = end + 1 - from
      return 'whole'
    }
    if (!readHeader(bytes, at, end - 1, head)) return 'bad'
    at = end + 1
  }
}

function readHeader(bytes: Uint8Array, from: number, end: number, head: RequestHead): boolean {
  let colon = from
  while (colon < end && bytes[colon] !== COLON) colon++
  if (colon === end || colon === from || !isToken(bytes[from] as number)) return false
  const length = colon - from
  // Most headers are none of ours: their length says so.
  if (length === 10 && isHeader(bytes, from, 'connection')) {
    if (contains(bytes, colon + 1, end, 'close')) head.connection = 'close'
    else if (contains(bytes, colon + 1, end, 'keep-alive')) head.connection = 'keep-alive'
  } else if (length === 14 && isHeader(bytes, from, 'content-length')) {
    head.hasBody ||= !/^0+$/.test(valueOf(bytes, colon + 1, end))
  } else if (length === 17 && isHeader(bytes, from, 'transfer-encoding')) head.hasBody = true
  else if (length === 15 && isHeader(bytes, from, 'x-forwarded-for')) {
    const value = valueOf(bytes, colon + 1, end)
    head.forwardedFor = head.forwardedFor === undefined ? value : `${head.forwardedFor},${value}`
  }
  return true
}

function methodOf(bytes: Uint8Array, from: number, end: number): RequestHead['method'] {
  if (end - from === 3 && isAt(bytes, from, 'GET')) return 'GET'
  return end - from === 4 && isAt(bytes, from, 'HEAD') ? 'HEAD' : ''
}

function isAt(bytes: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at++)
    if (bytes[from + at] !== text.charCodeAt(at)) return false
  return true
}

/** In either case; `name` is in lower case. */
function isHeader(bytes: Uint8Array, from: number, name: string): boolean {
  for (let at = 0; at < name.length; at++)
    if (((bytes[from + at] as number) | 0x20) !== (name.charCodeAt(at) | 0x20)) return false
  return true
}

/** In either case; `word` is in lower case. */
function contains(bytes: Uint8Array, from: number, end: number, word: string): boolean {
  for (let at = from; at + word.length <= end; at++) if (isHeader(bytes, at, word)) return true
  return false
}

function valueOf(bytes: Uint8Array, from: number, end: number): string {
  let text = ''
  for (let at = from; at < end; at++) text += String.fromCharCode(bytes[at] as number)
  return text.trim()
}

/** What method and header names are made of, near enough: visible, and no separator that would end them. */
function isToken(byte: number): boolean {
  return byte > SPACE && byte < 127 && byte !== COLON && byte !== SLASH && byte !== TAB
}
