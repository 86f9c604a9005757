// System errors (errno names) as the typed errors of the ports. What is not in a table keeps its cause and is FAILED.

import { NetworkError, type NetworkErrorCode, StorageError, type StorageErrorCode } from '@bt/ports'

const NETWORK_CODES: ReadonlyMap<string, NetworkErrorCode> = new Map([
  ['ECONNREFUSED', 'REFUSED'],
  ['ECONNRESET', 'RESET'],
  ['ECONNABORTED', 'RESET'],
  ['EPIPE', 'RESET'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'RESET'],
  ['EHOSTUNREACH', 'UNREACHABLE'],
  ['ENETUNREACH', 'UNREACHABLE'],
  ['EHOSTDOWN', 'UNREACHABLE'],
  ['ENETDOWN', 'UNREACHABLE'],
  ['ETIMEDOUT', 'TIMED_OUT'],
  ['EADDRINUSE', 'ADDRESS_IN_USE'],
  ['EADDRNOTAVAIL', 'ADDRESS_NOT_HERE'],
  ['EAFNOSUPPORT', 'ADDRESS_NOT_HERE'],
  ['EINVAL', 'BAD_ADDRESS'],
  ['ERR_SOCKET_BAD_PORT', 'BAD_ADDRESS'],
  ['EACCES', 'NO_PERMISSION'],
  ['EPERM', 'NO_PERMISSION'],
  ['EMFILE', 'OUT_OF_DESCRIPTORS'],
  ['ENFILE', 'OUT_OF_DESCRIPTORS'],
  ['ENOTFOUND', 'NAME_UNKNOWN'],
  ['EAI_AGAIN', 'NAME_UNKNOWN'],
  ['ENODATA', 'NAME_UNKNOWN'],
])

const STORAGE_CODES: ReadonlyMap<string, StorageErrorCode> = new Map([
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['EACCES', 'NO_PERMISSION'],
  ['EPERM', 'NO_PERMISSION'],
  ['EROFS', 'NO_PERMISSION'],
  ['ENOENT', 'NOT_HERE'],
  ['ENOTDIR', 'NOT_HERE'],
  ['ESTALE', 'NOT_HERE'],
])

/** What a person can do about it, said at the end of the message. */
const STORAGE_ADVICE: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'free some space'],
  ['EDQUOT', 'the quota is used up, free some space'],
  ['EACCES', 'check the rights of the file and its folders'],
  ['EPERM', 'check the rights of the file and its folders'],
  ['EROFS', 'the file system is mounted read-only'],
  ['EFBIG', 'the file system cannot hold a file of that size'],
  ['EMFILE', 'too many files are open, raise the limit (ulimit -n)'],
  ['ENFILE', 'too many files are open on this machine'],
  ['EIO', 'the medium reports an error, check the disk'],
])

/** `errno` name of a system error, '' when it has none. */
export function systemCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** True when the process, or the machine, has no descriptor left: trying again later may work. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'EMFILE' || code === 'ENFILE'
}

/** `what` is a verb and its object ("dial 10.0.0.1:80"); a NetworkError passes as it is. */
export function networkError(error: unknown, what: string, address?: string): NetworkError {
  if (error instanceof NetworkError) return error
  const code = NETWORK_CODES.get(systemCode(error)) ?? 'FAILED'
  return new NetworkError(code, `cannot ${what}: ${reasonOf(error)}`, {
    ...(address !== undefined && { address }),
    cause: error,
  })
}

/** `what` is a verb and its object ("write 16,384 bytes at 0 of a/b"); a StorageError passes as it is. */
export function storageError(
  error: unknown,
  kind: 'READ_FAILED' | 'WRITE_FAILED',
  what: string,
  file?: number,
): StorageError {
  if (error instanceof StorageError) return error
  const code = systemCode(error)
  const advice = STORAGE_ADVICE.get(code)
  const message = `cannot ${what}: ${reasonOf(error)}${advice === undefined ? '' : `; ${advice}`}`
  return new StorageError(STORAGE_CODES.get(code) ?? kind, message, {
    ...(file !== undefined && { file }),
    cause: error,
  })
}

function reasonOf(error: unknown): string {
  const code = systemCode(error)
  if (/^E[A-Z0-9]+$/.test(code)) return code
  return error instanceof Error ? error.message : String(error)
}
