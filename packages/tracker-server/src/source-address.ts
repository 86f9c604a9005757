// Where a request really came from when a proxy of ours stands before the tracker.

import { formatIp, parseIp } from '@bt/primitives'

/**
 * The address of the client: `remote`, unless that is a trusted proxy; then the right-most address of
 * `X-Forwarded-For` that is no trusted proxy. Undefined when a proxy sent something that is no address.
 */
export function sourceAddress(
  remote: string,
  forwardedFor: string | undefined,
  trusted: (address: string) => boolean,
): string | undefined {
  const direct = canonical(remote)
  if (direct === undefined) return undefined
  if (forwardedFor === undefined || !trusted(direct)) return direct
  const hops = forwardedFor.split(',')
  let source: string | undefined = direct
  while (source !== undefined && trusted(source) && hops.length > 0)
    source = canonical((hops.pop() as string).trim())
  return source
}

function canonical(address: string): string | undefined {
  const bytes = parseIp(address)
  return bytes === undefined ? undefined : formatIp(bytes)
}
