// Dialling and listening: a connection takes a round trip, a refusal too, silence as long as the dialler waits.

import { NetworkError } from '@bt/ports'
import type { Alarm, ByteChannel, Done, Listener, Transport } from '@bt/ports'
import { endpointText, parseIp } from '@bt/primitives'
import type { Endpoint } from '@bt/primitives'
import type { Fabric } from './fabric.ts'
import { chance } from './faults.ts'
import type { PortCalls } from './faults.ts'
import type { Life } from './life.ts'
import { Pipe } from './pipe.ts'
import type { Accepting, Place } from './place.ts'
import type { SegmentPool } from './segment-pool.ts'
import { SimChannel } from './sim-channel.ts'

/** A dial without a limit of its own gives up here, as Linux does. */
export const DIAL_TIMEOUT_MS = 127_000
/** First pause before an unanswered dial is tried again; doubled each time. */
const RETRY_FIRST_US = 1_000_000
const NEVER: Alarm = { cancel: () => {} }

export interface TransportFacts {
  readonly fabric: Fabric
  readonly pool: SegmentPool
  readonly place: Place
  readonly life: Life
  readonly calls: PortCalls
}

/** A process that listens, with what is needed to make its end of a connection. */
class SimListener implements Accepting, Listener {
  readonly local: Endpoint
  readonly life: Life
  readonly facts: TransportFacts
  readonly #accept: (channel: ByteChannel) => void
  #open = true

  constructor(facts: TransportFacts, local: Endpoint, accept: (channel: ByteChannel) => void) {
    this.facts = facts
    this.life = facts.life
    this.local = local
    this.#accept = accept
    this.life.open.listeners++
  }

  get open(): boolean {
    return this.#open && this.life.alive
  }

  accept(channel: ByteChannel): void {
    this.#accept(channel)
  }

  close(done: Done): void {
    if (this.#open) this.life.open.listeners--
    this.#open = false
    this.facts.place.listeners.unbind(this.local.port, this)
    this.life.after(0, 'listen', this.local.port, () => done(undefined))
  }
}

export class SimTransport implements Transport {
  readonly #facts: TransportFacts

  constructor(facts: TransportFacts) {
    this.#facts = facts
  }

  dial(remote: Endpoint, options: { readonly timeoutMs?: number }, done: Done<ByteChannel>): Alarm {
    if (!this.#facts.life.alive) return NEVER
    const dial = new Dial(this.#facts, remote, options.timeoutMs ?? DIAL_TIMEOUT_MS, done)
    dial.begin()
    return dial
  }

  listen(
    options: { readonly host?: string; readonly port: number },
    accept: (channel: ByteChannel) => void,
    done: Done<Listener>,
  ): void {
    const { life, place, calls } = this.#facts
    if (!life.alive) return
    const failed = calls.next('listen')
    const refuse = (
      code: 'FAILED' | 'BAD_ADDRESS' | 'ADDRESS_NOT_HERE' | 'ADDRESS_IN_USE',
    ): void => {
      const address = `${options.host ?? '*'}:${options.port}`
      const error = new NetworkError(code, `cannot listen on ${address}: ${code}`, { address })
      life.after(0, 'listen', options.port, () => done(error, undefined as never))
    }
    if (failed !== undefined) return refuse('FAILED')
    if (!isPort(options.port)) return refuse('BAD_ADDRESS')
    const bound = place.boundAddress(options.host)
    if (bound === undefined) return refuse('ADDRESS_NOT_HERE')
    const port = options.port === 0 ? place.listeners.free() : options.port
    if (place.listeners.isTaken(port, bound.only)) return refuse('ADDRESS_IN_USE')
    const listener = new SimListener(this.#facts, { host: bound.host, port }, accept)
    place.listeners.bind(port, bound.only, listener)
    life.after(0, 'listen', port, () => done(undefined, listener))
  }
}

/** One attempt to connect, from the first packet to the answer. */
class Dial implements Alarm {
  readonly #facts: TransportFacts
  readonly #remote: Endpoint
  readonly #done: Done<ByteChannel>
  readonly #timeout: Alarm
  #over = false
  #retryUs = RETRY_FIRST_US

  constructor(facts: TransportFacts, remote: Endpoint, timeoutMs: number, done: Done<ByteChannel>) {
    this.#facts = facts
    this.#remote = remote
    this.#done = done
    facts.life.open.requests++
    this.#timeout = facts.life.after(Math.ceil(timeoutMs * 1000), 'dial', remote.port, () =>
      this.#fail('TIMED_OUT', `no answer within ${timeoutMs} ms`),
    )
  }

  cancel(): void {
    if (!this.#over) this.#facts.life.open.requests--
    this.#over = true
    this.#timeout.cancel()
  }

  begin(): void {
    const { fabric, place, life, calls } = this.#facts
    const { host, port } = this.#remote
    const failed = calls.next('dial')
    const address = parseIp(host)
    if (address === undefined || !isPort(port) || port === 0)
      return this.#failAfter(0, 'BAD_ADDRESS', 'not an address')
    if (place.address(address.length === 4 ? 4 : 6) === undefined && !host.startsWith('127.'))
      return this.#failAfter(
        0,
        'UNREACHABLE',
        `this host has no IPv${address.length === 4 ? 4 : 6}`,
      )
    const to = fabric.placeAt(host, place)
    const farUs = to === undefined ? 0 : fabric.latencyUs(place, to)
    if (failed !== undefined) return this.#failAfter(2 * farUs, 'REFUSED', 'made to fail')
    if (chance(fabric.random, fabric.faults.dialFailure)) {
      if (fabric.random.below(2) === 0) this.#failAfter(2 * farUs, 'REFUSED', 'made to fail')
      return
    }
    // Nobody has this address: nothing ever answers.
    if (to !== undefined) life.after(farUs, 'dial', port, () => this.#asked(to, farUs))
  }

  /** The first packet is at the far end. */
  #asked(to: Place, farUs: number): void {
    if (this.#over) return
    const { fabric, place, life } = this.#facts
    const { host, port } = this.#remote
    if (fabric.blocked(place, to) || fabric.blocked(to, place)) {
      life.after(this.#retryUs, 'dial', port, () => this.#asked(to, farUs))
      this.#retryUs *= 2
      return
    }
    const listener = to.listeners.find(port, host) as SimListener | undefined
    if (listener === undefined) return this.#failAfter(farUs, 'REFUSED', 'nobody listens there')
    life.after(farUs, 'dial', port, () => this.#answered(to, listener, farUs))
  }

  /** The answer is here: we are connected, the far end is in half a round trip. */
  #answered(to: Place, listener: SimListener, farUs: number): void {
    if (this.#over) return
    this.cancel()
    const { fabric, pool, place, life, calls } = this.#facts
    const there = new Pipe(fabric, pool, place, to)
    const back = new Pipe(fabric, pool, to, place)
    const near = new SimChannel({
      fabric,
      life,
      calls,
      remote: this.#remote,
      outgoing: there,
      incoming: back,
    })
    const family = this.#remote.host.includes(':') ? 6 : 4
    const from = {
      host: to === place ? this.#remote.host : (place.address(family) as string),
      port: place.listeners.free(),
    }
    const far = new SimChannel({
      fabric,
      life: listener.life,
      calls: listener.facts.calls,
      remote: from,
      outgoing: back,
      incoming: there,
    })
    // A process that died meanwhile answers with a reset as soon as its machine is on.
    if (!listener.life.alive) far.crashed(false)
    else if (listener.open)
      listener.life.after(farUs, 'listen', listener.local.port, () => listener.accept(far))
    else far.abort(new NetworkError('CLOSED', 'the listener was closed'))
    this.#done(undefined, near)
  }

  #failAfter(us: number, code: 'REFUSED' | 'BAD_ADDRESS' | 'UNREACHABLE', why: string): void {
    this.#facts.life.after(us, 'dial', this.#remote.port, () => this.#fail(code, why))
  }

  #fail(code: 'REFUSED' | 'BAD_ADDRESS' | 'UNREACHABLE' | 'TIMED_OUT', why: string): void {
    if (this.#over) return
    this.cancel()
    const address = endpointText(this.#remote)
    const error = new NetworkError(code, `cannot connect to ${address}: ${why}`, { address })
    this.#done(error, undefined as never)
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}
