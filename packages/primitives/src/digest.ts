// One-shot SHA-1 and SHA-256 for small things (ids, allowed-fast sets); pieces go through the Hasher port.

export { sha1, sha256 } from '#digest'
