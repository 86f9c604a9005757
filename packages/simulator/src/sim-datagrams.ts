// UDP with everything that UDP does: lost, late, twice, out of order, and silent about all of it.
//
// What arrives at one socket at one instant is handed over as one batch. The memory of batches is shared by
// the whole network, because it is lent for one call only.

import { NetworkError } from '@bt/ports'
import type { DatagramBatch, DatagramReceiver, DatagramSocket, Datagrams, Done } from '@bt/ports'
import { formatIp, packMapped } from '@bt/primitives'
import type { Endpoint } from '@bt/primitives'
import type { Fabric } from './fabric.ts'
import { chance } from './faults.ts'
import type { PortCalls } from './faults.ts'
import type { Life } from './life.ts'
import type { Place, Receiving } from './place.ts'
import { POISON } from './sim-channel.ts'

/** Datagrams in one batch, and bytes in one datagram: 65,535 less the IP and UDP headers. */
export const BATCH_CAPACITY = 8
export const DATAGRAM_BYTES_MAX = 65_507
/** IP and UDP headers, for the rates. */
const HEADER_BYTES = 28
/** A datagram that would wait longer for a link is dropped: queues of routers are short. */
const QUEUE_US_MAX = 1_000_000
/** A datagram that is overtaken is this late at most. */
const OVERTAKEN_US_MAX = 50_000

/** Memory for the batches of one network. */
export class BatchMemory {
  readonly received = newBatch()
  readonly replies = newBatch()
}

function newBatch(): DatagramBatch {
  return {
    count: 0,
    capacity: BATCH_CAPACITY,
    stride: DATAGRAM_BYTES_MAX,
    bytes: new Uint8Array(BATCH_CAPACITY * DATAGRAM_BYTES_MAX),
    lengths: new Uint16Array(BATCH_CAPACITY),
    addresses: new Uint8Array(BATCH_CAPACITY * 18),
  }
}

export interface DatagramFacts {
  readonly fabric: Fabric
  readonly memory: BatchMemory
  readonly place: Place
  readonly life: Life
  readonly calls: PortCalls
}

export class SimDatagrams implements Datagrams {
  readonly #facts: DatagramFacts

  constructor(facts: DatagramFacts) {
    this.#facts = facts
  }

  open(
    options: {
      readonly host?: string
      readonly port: number
      readonly family: 4 | 6
      readonly replies?: DatagramBatch
    },
    receiver: DatagramReceiver,
    done: Done<DatagramSocket>,
  ): void {
    const { life, place, calls } = this.#facts
    if (!life.alive) return
    const failed = calls.next('open-datagrams')
    const refuse = (code: 'FAILED' | 'ADDRESS_NOT_HERE' | 'ADDRESS_IN_USE'): void => {
      const address = `${options.host ?? '*'}:${options.port}`
      const error = new NetworkError(code, `cannot open UDP ${address}: ${code}`, { address })
      life.after(0, 'datagram', options.port, () => done(error, undefined as never))
    }
    if (failed !== undefined) return refuse('FAILED')
    const bound = place.boundAddress(options.host)
    const own = place.address(options.family)
    if (bound === undefined || own === undefined) return refuse('ADDRESS_NOT_HERE')
    const table = options.family === 4 ? place.sockets4 : place.sockets6
    const port = options.port === 0 ? table.free() : options.port
    if (table.isTaken(port, bound.only)) return refuse('ADDRESS_IN_USE')
    const local = { host: bound.only ?? own, port }
    const socket = new SimSocket(this.#facts, local, options.family, receiver, options.replies)
    table.bind(port, bound.only, socket)
    life.after(0, 'datagram', port, () => done(undefined, socket))
  }
}

class SimSocket implements DatagramSocket, Receiving {
  readonly local: Endpoint
  readonly life: Life
  readonly #facts: DatagramFacts
  readonly #family: 4 | 6
  readonly #receiver: DatagramReceiver
  readonly #replies: DatagramBatch
  readonly #waiting: { readonly bytes: Uint8Array; readonly from: Uint8Array }[] = []
  #open = true

  constructor(
    facts: DatagramFacts,
    local: Endpoint,
    family: 4 | 6,
    receiver: DatagramReceiver,
    replies: DatagramBatch | undefined,
  ) {
    this.#facts = facts
    this.life = facts.life
    this.local = local
    this.#family = family
    this.#receiver = receiver
    this.#replies = replies ?? facts.memory.replies
    this.life.open.datagramSockets++
  }

  send(bytes: Uint8Array, to: Uint8Array): void {
    if (!this.#open || !this.life.alive) return
    if (this.#facts.calls.next('send-datagram') !== undefined) return
    if (bytes.length <= DATAGRAM_BYTES_MAX) this.#send(bytes.slice(), to)
  }

  close(done: Done): void {
    const { place, life } = this.#facts
    if (this.#open) life.open.datagramSockets--
    this.#open = false
    const table = this.#family === 4 ? place.sockets4 : place.sockets6
    table.unbind(this.local.port, this)
    life.after(0, 'datagram', this.local.port, () => done(undefined))
  }

  datagramArrived(bytes: Uint8Array, from: Uint8Array): void {
    this.#waiting.push({ bytes, from })
    if (this.#waiting.length === 1)
      this.life.after(0, 'datagram', this.local.port, () => this.#deliver())
  }

  /** `bytes` is ours. */
  #send(bytes: Uint8Array, to: Uint8Array): void {
    const { fabric, place } = this.#facts
    const host = formatIp(to.subarray(0, 16))
    const far = fabric.placeAt(host, place)
    if (far === undefined || host.includes(':') !== (this.#family === 6)) return
    const { random, faults } = fabric
    if (chance(random, faults.datagramLoss)) return
    this.#fly(bytes, to, host, far)
    if (chance(random, faults.datagramDuplicate)) this.#fly(bytes, to, host, far)
  }

  #fly(bytes: Uint8Array, to: Uint8Array, host: string, far: Place): void {
    const { fabric, place } = this.#facts
    if (fabric.rates.waitUs(place, far) > QUEUE_US_MAX) return
    const passUs = fabric.rates.passUs(place, far, bytes.length + HEADER_BYTES)
    const late = chance(fabric.random, fabric.faults.datagramReorder)
      ? fabric.random.below(OVERTAKEN_US_MAX)
      : 0
    const port = ((to[16] as number) << 8) | (to[17] as number)
    const from = this.#address(host)
    const { simulation } = fabric
    simulation.after(
      passUs + fabric.latencyUs(place, far) + late,
      'datagram',
      far.index,
      bytes.length,
      () => {
        if (fabric.blocked(place, far)) return
        const table = this.#family === 4 ? far.sockets4 : far.sockets6
        const socket = table.find(port, host)
        if (socket === undefined || !socket.life.alive) return
        fabric.moved(place, far, bytes.length)
        socket.datagramArrived(bytes, from)
      },
    )
  }

  /** What the far end sees as our address. */
  #address(farHost: string): Uint8Array {
    const { place } = this.#facts
    const looped = farHost.startsWith('127.') || farHost === '::1'
    const host = looped ? farHost : (place.address(this.#family) as string)
    return packMapped({ host, port: this.local.port }) as Uint8Array
  }

  #deliver(): void {
    const { memory } = this.#facts
    const shared = memory.received
    const capacity = Math.min(shared.capacity, this.#replies.capacity)
    const waiting = this.#waiting.splice(0)
    for (let first = 0; first < waiting.length && this.#open; first += capacity) {
      const batch = { ...shared, capacity, count: 0 }
      for (const { bytes, from } of waiting.slice(first, first + capacity)) {
        const at = batch.count++
        batch.bytes.set(bytes, at * batch.stride)
        batch.lengths[at] = bytes.length
        batch.addresses.set(from, at * 18)
      }
      this.#replies.count = 0
      this.#receiver.received(batch, this.#replies)
      for (let at = 0; at < batch.count; at++) {
        const start = at * batch.stride
        batch.bytes.fill(POISON, start, start + (batch.lengths[at] as number))
      }
      this.#answer()
    }
  }

  #answer(): void {
    const replies = this.#replies
    for (let at = 0; at < replies.count && this.#open; at++) {
      const start = at * replies.stride
      const bytes = replies.bytes.subarray(start, start + (replies.lengths[at] as number))
      this.send(bytes, replies.addresses.slice(at * 18, at * 18 + 18))
    }
    replies.count = 0
  }
}
