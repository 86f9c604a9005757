// A tiny writer of MMDB files, from the format's specification: IPv4, 24-bit records, maps of strings and numbers.

type Value = string | number | Readonly<Record<string, string | number>>

/** An MMDB that maps prefixes such as `10.1.0.0/16` to records. */
export function mmdb(
  records: Readonly<Record<string, Readonly<Record<string, string | number>>>>,
): Buffer {
  const data: Buffer[] = []
  let dataLength = 0
  type Node = [Node | number | undefined, Node | number | undefined]
  const root: Node = [undefined, undefined]
  for (const [prefix, record] of Object.entries(records)) {
    const [address = '', length = '32'] = prefix.split('/')
    const bytes = address.split('.').map(Number)
    let node = root
    for (let at = 0; at < Number(length); at++) {
      const bit = (((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1) as 0 | 1
      if (at === Number(length) - 1) node[bit] = dataLength
      else {
        const next = node[bit] ?? [undefined, undefined]
        node[bit] = next
        node = next as Node
      }
    }
    const written = encode(record)
    data.push(written)
    dataLength += written.length
  }
  const nodes: Node[] = [root]
  for (let at = 0; at < nodes.length; at++) {
    for (const child of nodes[at] as Node) if (Array.isArray(child)) nodes.push(child)
  }
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [at, node] of nodes.entries()) {
    for (const [side, child] of node.entries()) {
      const value =
        child === undefined
          ? nodes.length
          : Array.isArray(child)
            ? nodes.indexOf(child)
            : nodes.length + 16 + child
      tree.writeUIntBE(value, at * 6 + side * 3, 3)
    }
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: 'Test',
    ip_version: 4,
    node_count: nodes.length,
    record_size: 24,
  })
  const marker = Buffer.from('\u00AB\u00CD\u00EFMaxMind.com', 'latin1')
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata])
}

/** Type and size in one byte: all here is shorter than 29. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([Buffer.from([(2 << 5) | text.length]), text])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([Buffer.from([(6 << 5) | 4]), bytes])
  }
  const entries = Object.entries(value)
  return Buffer.concat([
    Buffer.from([(7 << 5) | entries.length]),
    ...entries.flatMap(([key, one]) => [encode(key), encode(one)]),
  ])
}
