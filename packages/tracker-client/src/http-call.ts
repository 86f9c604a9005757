// One HTTP question to one family of a tracker: bounded, and admitted hop by hop.

import type { Alarm, Done, HttpResponse } from '@bt/ports'
import { type IpClass, ipClass } from '@bt/primitives'
import { TrackerClientError } from './errors.ts'
import type { CallOptions, Target, TrackerPorts } from './families.ts'
import { HTTP_BODY_LENGTH_MAX, HTTP_TIMEOUT_MS, REDIRECTS_MAX } from './limits.ts'
import { addressRefusal, hopRefusal, shownUrl } from './url-rules.ts'

/** `url` is the tracker's, or its scrape's, with the question in its query. */
export function httpCall(
  target: Target,
  url: string,
  ports: TrackerPorts,
  options: CallOptions,
  done: Done<HttpResponse>,
): Alarm {
  const { tracker, address, family } = target
  const first: { readonly url: string; readonly from: IpClass } = {
    url: tracker,
    from: ipClass(address),
  }
  const own = new URL(url).href
  let blocked: string | undefined
  return ports.http.request(
    {
      url,
      family,
      timeoutMs: options.timeoutMs ?? HTTP_TIMEOUT_MS,
      bodyLengthMax: HTTP_BODY_LENGTH_MAX,
      redirectsMax: REDIRECTS_MAX,
      headers: new Map([['accept-encoding', 'gzip']]),
      admit: (candidate, hop) => {
        // The first hop is judged without the parameters that we added to it.
        const asked = hop === own || hop === url ? tracker : hop
        const why =
          hopRefusal(asked, 'tracker', options.rules) ??
          addressRefusal(asked, candidate, 'tracker', first)
        if (why !== undefined) blocked = why
        return why === undefined
      },
    },
    (error, response) => {
      if (error === undefined) return done(undefined, response)
      const isBlocked = blocked !== undefined && 'code' in error && error.code === 'NOT_ADMITTED'
      const message = isBlocked
        ? `${shownUrl(tracker)} ${blocked}; it is not called`
        : `${shownUrl(tracker)}: ${error.message.replace(/https?:\/\/[^\s,]*[^\s,:]/g, shownUrl)}`
      const code = isBlocked ? 'BLOCKED' : 'UNREACHABLE'
      done(new TrackerClientError(code, tracker, message, { cause: error }), undefined as never)
    },
  )
}
