// A policy that answers for another one, but for what it answers itself.
//
// What the other one does not answer stays unanswered: to the engine an absent question and an answer that says nothing
// are not the same. Methods are bound, live values are read through. Stand-ins for policies of one kind have one shape,
// as there is one for each of many peers and all of them are asked all the time: readers are shared by name.

import type { SwarmPolicy } from '@bt/swarm'

const INNER = Symbol('inner')

interface Front {
  readonly [INNER]: Record<string, unknown>
}

export function standIn(inner: SwarmPolicy | undefined, own: SwarmPolicy): SwarmPolicy {
  const behind = (inner ?? {}) as Record<string, unknown>
  const front: Record<PropertyKey, unknown> = { [INNER]: behind }
  for (let from: object | null = behind; isOurs(from); from = Object.getPrototypeOf(from)) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (name === 'constructor' || name in front || name in own) continue
      const value = Object.getOwnPropertyDescriptor(from, name)?.value as unknown
      if (typeof value === 'function') define(front, name, value.bind(behind) as unknown)
      else Object.defineProperty(front, name, { ...SEEN, get: readerOf(name) })
    }
  }
  for (const [name, value] of Object.entries(own)) define(front, name, value)
  return front
}

const SEEN = { enumerable: true, configurable: true }

function define(front: object, name: string, value: unknown): void {
  Object.defineProperty(front, name, { ...SEEN, value })
}

function isOurs(from: object | null): from is object {
  return from !== null && from !== Object.prototype
}

const readers = new Map<string, (this: Front) => unknown>()

function readerOf(name: string): (this: Front) => unknown {
  let reader = readers.get(name)
  if (reader === undefined) {
    reader = function (this: Front) {
      return this[INNER][name]
    }
    readers.set(name, reader)
  }
  return reader
}
