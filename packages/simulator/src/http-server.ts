// What answers simulated HTTP: a function of the scenario, such as a tracker's frontend.

export interface SimHttpRequest {
  /** With its query, as it stands in the request line, percent signs and all. */
  readonly path: string
  /** Of the URL: name or address, with the port when it is not the scheme's own. */
  readonly host: string
  readonly scheme: 'http' | 'https'
  /** Names in lower case; a range is here, as `bytes=first-last`. */
  readonly headers: ReadonlyMap<string, string>
  /** Address of who asks. */
  readonly from: string
}

export interface SimHttpAnswer {
  readonly status: number
  /** Names in any case. */
  readonly headers?: ReadonlyMap<string, string>
  /** Copied before the call returns. */
  readonly body?: Uint8Array
}

/**
 * Calls `answer` once, now or later; never calling it is a server that hangs. Both ends pay latency and rates.
 * A throw is status 500.
 */
export type SimHttpServer = (
  request: SimHttpRequest,
  answer: (answer: SimHttpAnswer) => void,
) => void
