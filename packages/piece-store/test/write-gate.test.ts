import { expect, test } from 'vitest'
import { PieceStoreError } from '../src/index.ts'
import { WriteGate, type WriteJob } from '../src/write-gate.ts'

const FULL = new PieceStoreError('DISK_FULL', 'full')
const DENIED = new PieceStoreError('NO_PERMISSION', 'denied')
const CLOSED = new PieceStoreError('CLOSED', 'closed')

/** Jobs that end when the test says so. */
function scene() {
  const told: string[] = []
  const running = new Map<string, (error?: PieceStoreError) => void>()
  const gate = new WriteGate((condition) => {
    told.push(condition.state === 'ok' ? 'ok' : condition.error.code)
  })
  const ends: string[] = []
  const job = (name: string, exclusive = false): WriteJob => ({
    exclusive,
    attempt: (done) => {
      running.set(name, (error) => {
        running.delete(name)
        done(error)
      })
    },
    ended: () => ends.push(name),
    abandoned: () => ends.push(`${name} abandoned`),
  })
  const end = (name: string, error?: PieceStoreError): void => running.get(name)?.(error)
  const started = (): string[] => [...running.keys()]
  return { gate, job, end, started, ends, told }
}

test('an exclusive job waits for what runs, and what comes after waits for it', () => {
  const { gate, job, end, started } = scene()
  gate.add(job('a'))
  gate.add(job('b'))
  gate.add(job('alone', true))
  gate.add(job('c'))
  expect(started()).toEqual(['a', 'b'])
  end('a')
  expect(started()).toEqual(['b'])
  end('b')
  expect(started()).toEqual(['alone'])
  end('alone')
  expect(started()).toEqual(['c'])
})

test('after a failure nothing starts; a retry tries one job, and the rest only when that went well', () => {
  const { gate, job, end, started, ends, told } = scene()
  for (const name of ['a', 'b']) gate.add(job(name))
  end('a', FULL)
  gate.add(job('c'))
  expect(gate.condition).toEqual({ state: 'stopped', error: FULL })
  // A retry while another job still runs waits for it.
  expect(gate.retry()).toBe(false)
  expect(started()).toEqual(['b'])
  end('b')
  expect(ends).toEqual(['b'])
  expect(started()).toEqual(['a'])
  gate.retry()
  end('a', FULL)
  expect(told).toEqual(['DISK_FULL'])
  expect(started()).toEqual([])
  gate.retry()
  end('a', DENIED)
  expect(told).toEqual(['DISK_FULL', 'NO_PERMISSION'])
  gate.retry()
  expect(gate.condition.state).toBe('stopped')
  end('a')
  expect(told).toEqual(['DISK_FULL', 'NO_PERMISSION', 'ok'])
  expect(started()).toEqual(['c'])
})

test('a retry with nothing to try is well at once', () => {
  const { gate, told } = scene()
  expect(gate.retry()).toBe(false)
  gate.stop(FULL)
  gate.stop(DENIED)
  expect(gate.retry()).toBe(true)
  expect(gate.condition).toEqual({ state: 'ok' })
  expect(told).toEqual(['DISK_FULL'])
})

test('a job that is withdrawn is not attempted; one that runs is not withdrawn', () => {
  const { gate, job, end, started, ends } = scene()
  gate.add(job('a'))
  const waiting = job('alone', true)
  gate.add(waiting)
  gate.add(job('b'))
  expect(gate.withdraw(waiting)).toBe(true)
  expect(gate.withdraw(waiting)).toBe(false)
  expect(started()).toEqual(['a', 'b'])
  end('a')
  end('b')
  expect(ends).toEqual(['a', 'b'])
})

test('a gate that closes finishes what it can and abandons the rest when it is or becomes stopped', () => {
  const open = scene()
  open.gate.add(open.job('a'))
  open.gate.add(open.job('alone', true))
  open.gate.close(CLOSED)
  open.end('a')
  open.end('alone')
  expect(open.ends).toEqual(['a', 'alone'])
  open.gate.add(open.job('late'))
  open.end('late', FULL)
  expect(open.ends).toEqual(['a', 'alone', 'late abandoned'])

  const stopped = scene()
  stopped.gate.add(stopped.job('a'))
  stopped.end('a', FULL)
  stopped.gate.retry()
  stopped.gate.add(stopped.job('b'))
  stopped.gate.close(CLOSED)
  expect(stopped.ends).toEqual([])
  stopped.end('a', FULL)
  expect(stopped.ends).toEqual(['a abandoned', 'b abandoned'])
  stopped.gate.add(stopped.job('c'))
  expect(stopped.ends.at(-1)).toBe('c abandoned')
  expect(stopped.gate.retry()).toBe(false)
})
