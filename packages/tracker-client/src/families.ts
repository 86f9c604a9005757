// One question to a tracker by every family that its name has (BEP 7), and the answers put together.
//
// Names are resolved here and addresses checked here. Once one family has answered, the other gets a short grace: a
// machine whose IPv6 leads nowhere must not wait for it.

import type { Alarm, Clock, Datagrams, Done, Http, Random, Resolver } from '@bt/ports'
import { formatIp, parseIp } from '@bt/primitives'
import { TrackerClientError } from './errors.ts'
import { FAMILY_GRACE_MS } from './limits.ts'
import { addressRefusal, shownUrl, type UrlRules, urlRefusal, widest } from './url-rules.ts'

export interface TrackerPorts {
  readonly clock: Clock
  readonly random: Random
  readonly resolver: Resolver
  readonly http: Http
  readonly datagrams: Datagrams
}

export interface CallOptions {
  readonly rules?: UrlRules
  /** UDP packets sent for nothing before giving up. */
  readonly attemptsMax?: number
  /** For HTTP, milliseconds in all. */
  readonly timeoutMs?: number
}

/** One address of a tracker, checked. */
export interface Target {
  readonly tracker: string
  readonly url: URL
  readonly address: string
  readonly family: 4 | 6
}

/**
 * Calls each family; `heard` gets each answer as it comes, `done` all of them when no more is waited for, or the first
 * error when there is none. Cancelled: neither is called any more.
 */
export function askFamilies<T>(
  tracker: string,
  ports: TrackerPorts,
  options: CallOptions,
  call: (target: Target, answer: Done<T>) => Alarm,
  heard: (answer: T) => void,
  done: Done<readonly T[]>,
): Alarm {
  const refusal = urlRefusal(tracker, 'tracker', options.rules)
  if (refusal !== undefined) {
    const error = new TrackerClientError('BAD_URL', tracker, `${shownUrl(tracker)} ${refusal}`)
    return ports.clock.at(ports.clock.now(), () => done(error, undefined as never))
  }
  const url = new URL(tracker)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const running = new Set<Alarm>()
  let isOver = false
  const cancel = (): void => {
    isOver = true
    for (const alarm of running) alarm.cancel()
    running.clear()
  }
  const ask = (targets: readonly Target[]): void => {
    const answers: T[] = []
    let open = targets.length
    let first: Error | undefined
    const end = (): void => {
      cancel()
      if (answers.length > 0) done(undefined, answers)
      else done(first, undefined as never)
    }
    for (const target of targets)
      running.add(
        call(target, (error, answer) => {
          open--
          if (error !== undefined) first ??= error
          else {
            answers.push(answer)
            heard(answer)
          }
          if (isOver) return
          if (open === 0) end()
          else if (answers.length > 0) {
            const { clock } = ports
            running.add(clock.at(clock.now() + FAMILY_GRACE_MS, end))
          }
        }),
      )
  }
  running.add(
    ports.resolver.resolve(host, 'any', (error, addresses) => {
      running.clear()
      if (error !== undefined) {
        const message = `${shownUrl(tracker)}: the name ${host} was not found (${error.message})`
        const failure = new TrackerClientError('UNREACHABLE', tracker, message, { cause: error })
        return done(failure, undefined as never)
      }
      const targets = targetsOf(tracker, url, addresses)
      if (targets instanceof TrackerClientError) done(targets, undefined as never)
      else ask(targets)
    }),
  )
  return { cancel }
}

/** One address of each family, of the widest kind that the name has. */
function targetsOf(
  tracker: string,
  url: URL,
  addresses: readonly string[],
): readonly Target[] | TrackerClientError {
  const targets: Target[] = []
  let refusal = `${url.hostname} has no address`
  for (const text of widest(addresses)) {
    const bytes = parseIp(text)
    if (bytes === undefined) continue
    const address = formatIp(bytes)
    const family = address.includes(':') ? 6 : 4
    const why = addressRefusal(tracker, address, 'tracker')
    if (why !== undefined) refusal = why
    else if (!targets.some((target) => target.family === family))
      targets.push({ tracker, url, address, family })
  }
  if (targets.length > 0) return targets
  const message = `${shownUrl(tracker)} ${refusal}; it is not called`
  return new TrackerClientError('BLOCKED', tracker, message)
}
