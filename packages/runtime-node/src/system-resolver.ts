// Names to addresses by the system's resolver (getaddrinfo: hosts file, search list, whatever the machine uses).
//
// getaddrinfo blocks one of libuv's four threads, which the disk needs too, for up to 30 s when a server is dead:
// so only two questions are open at once, and the others wait here.

import { lookup } from 'node:dns'
import { parseIp } from '@bt/primitives'
import { type Alarm, type Done, NetworkError, type Resolver } from '@bt/ports'
import { canonicalHost, familyOf } from './addresses.ts'
import { networkError } from './errors.ts'

/** Questions open at once: half of libuv's threads stay free for files. */
export const LOOKUPS_MAX = 2
/** Longest name DNS has. */
const NAME_LENGTH_MAX = 253

interface Question {
  readonly host: string
  readonly family: 4 | 6 | 'any'
  readonly done: Done<readonly string[]>
  isCancelled: boolean
}

/** The part of node:dns that is used; tests put their own in its place. */
export type Lookup = (
  host: string,
  options: { readonly all: true; readonly family: 0 | 4 | 6; readonly verbatim: true },
  answer: (error: Error | null, addresses: readonly { readonly address: string }[]) => void,
) => void

export class SystemResolver implements Resolver {
  readonly #lookup: Lookup
  readonly #waiting: Question[] = []
  #open = 0

  constructor(ask: Lookup = lookup) {
    this.#lookup = ask
  }

  resolve(host: string, family: 4 | 6 | 'any', done: Done<readonly string[]>): Alarm {
    const question: Question = { host, family, done, isCancelled: false }
    const literal = parseIp(host.replace(/%.*$/, ''))
    if (literal !== undefined) process.nextTick(() => answerLiteral(question))
    else if (host === '' || host.length > NAME_LENGTH_MAX || /[\s/\\@\0]/.test(host)) {
      process.nextTick(() => answer(question, unknownName(question)))
    } else {
      this.#waiting.push(question)
      // Later even when it is answered at once: `done` never runs inside this call.
      process.nextTick(() => this.#askNext())
    }
    return {
      cancel: () => {
        question.isCancelled = true
      },
    }
  }

  #askNext(): void {
    while (this.#open < LOOKUPS_MAX) {
      const question = this.#waiting.shift()
      if (question === undefined) return
      if (!question.isCancelled) this.#ask(question)
    }
  }

  #ask(question: Question): void {
    const { host, family } = question
    this.#open++
    const answered = (
      error: Error | null,
      addresses: readonly { readonly address: string }[],
    ): void => {
      this.#open--
      if (error !== null) answer(question, networkError(error, `resolve "${host}"`, host))
      else if (addresses.length === 0) answer(question, unknownName(question))
      else
        answer(
          question,
          undefined,
          addresses.map(({ address }) => canonicalHost(address)),
        )
      this.#askNext()
    }
    try {
      this.#lookup(
        host,
        { all: true, family: family === 'any' ? 0 : family, verbatim: true },
        answered,
      )
    } catch (error) {
      answered(new NetworkError('NAME_UNKNOWN', `"${host}" is no host name`, { cause: error }), [])
    }
  }
}

function answer(question: Question, error: Error | undefined, addresses?: readonly string[]): void {
  if (question.isCancelled) return
  question.isCancelled = true
  question.done(error, addresses as readonly string[])
}

function answerLiteral(question: Question): void {
  const host = canonicalHost(question.host)
  if (question.family === 'any' || familyOf(host) === question.family)
    answer(question, undefined, [host])
  else answer(question, unknownName(question))
}

function unknownName({ host, family }: Question): NetworkError {
  const kind = family === 'any' ? 'address' : `IPv${family} address`
  return new NetworkError('NAME_UNKNOWN', `"${host}" has no ${kind}`, { address: host })
}
