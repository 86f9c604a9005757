// A policy that answers for another one, but for what it answers itself.
//
// What the other one does not answer stays unanswered: to the engine an absent question and an answer that says nothing
// are not the same. Methods are bound, live values are read through.

import type { SwarmPolicy } from '@bt/swarm'

export function standIn(inner: SwarmPolicy | undefined, own: SwarmPolicy): SwarmPolicy {
  const front: Record<string, unknown> = {}
  for (let from: object | null = inner ?? null; isOurs(from); from = Object.getPrototypeOf(from)) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (name === 'constructor' || name in front) continue
      Object.defineProperty(front, name, {
        enumerable: true,
        configurable: true,
        get: throughTo(inner as SwarmPolicy, name),
      })
    }
  }
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(front, name, { enumerable: true, configurable: true, value })
  }
  return front
}

function isOurs(from: object | null): from is object {
  return from !== null && from !== Object.prototype
}

function throughTo(inner: SwarmPolicy, name: string): () => unknown {
  const value = (inner as Record<string, unknown>)[name]
  const bound = typeof value === 'function' ? (value.bind(inner) as unknown) : undefined
  return () => bound ?? (inner as Record<string, unknown>)[name]
}
