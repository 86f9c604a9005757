// What network adapters report: transport, datagrams, resolver and HTTP alike, real and simulated.

export type NetworkErrorCode =
  /** Nobody listens there. */
  | 'REFUSED'
  /** The far end, or something between, broke the connection off. */
  | 'RESET'
  /** No route, host down, network down. */
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  /** Listening: another socket has this port. */
  | 'ADDRESS_IN_USE'
  /** Our own address is not one of this machine, or of the wrong family for the far end. */
  | 'ADDRESS_NOT_HERE'
  /** Not an address, or a port that is none. */
  | 'BAD_ADDRESS'
  | 'NO_PERMISSION'
  /** The process may open no more sockets now. */
  | 'OUT_OF_DESCRIPTORS'
  | 'NAME_UNKNOWN'
  /** The adapter, channel or socket was closed on our side. */
  | 'CLOSED'
  | 'FAILED'
  /** HTTP: not a URL, or a scheme other than http and https. */
  | 'BAD_URL'
  /** HTTP: `admit` refused every address of a hop. */
  | 'NOT_ADMITTED'
  | 'TOO_MANY_REDIRECTS'
  /** HTTP: body or headers over their limit. */
  | 'TOO_LONG'
  /** HTTP: not HTTP, a broken body or a broken compression. */
  | 'BAD_RESPONSE'
  | 'TLS_FAILED'

/** What a network adapter reports; `cause` is the system's own error where there is one. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code: NetworkErrorCode
  /** Endpoint text, address, name or URL it is about. */
  readonly address: string | undefined
  constructor(
    code: NetworkErrorCode,
    message: string,
    facts: { readonly address?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.address = facts.address
  }
}
