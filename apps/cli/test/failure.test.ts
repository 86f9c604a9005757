import { BencodeError, decode } from '@bt/bencode'
import { parseMagnet, parseMetainfo } from '@bt/metainfo'
import { StorageError } from '@bt/ports'
import { SwarmError } from '@bt/swarm'
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { EXIT, Failure, failureOf } from '../src/failure.ts'

const caught = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code })

describe('an error becomes an exit code', () => {
  it('[K09] bytes that are no bencode are a bad torrent, with the place', () => {
    const failure = failureOf(caught(() => decode(new TextEncoder().encode('d3:'))))
    expect(failure.exitCode).toBe(EXIT.torrent)
    expect(failure.facts).toEqual({ offset: expect.any(Number) as number })
  })

  it('[K09] a dictionary that is no torrent, and a link that is no magnet, are bad torrents', () => {
    expect(failureOf(caught(() => parseMetainfo(new TextEncoder().encode('de')))).exitCode).toBe(3)
    expect(failureOf(caught(() => parseMagnet('magnet:?dn=x'))).exitCode).toBe(3)
  })

  it.each(['DISK_FULL', 'NO_PERMISSION', 'LOCKED', 'NOT_HERE', 'CHANGED_UNDER_US'] as const)(
    '[K09] %s of the disk, however deep it lies, is a failure of the disk',
    (code) => {
      const cause = code === 'CHANGED_UNDER_US' ? { name: 'PieceStoreError', code } : undefined
      const disk =
        cause === undefined
          ? new StorageError(code as 'DISK_FULL', 'the disk')
          : Object.assign(new Error('the disk'), cause)
      const failure = failureOf(
        new SwarmError('CANNOT_START', 'it has no place to go to', { cause: disk }),
      )
      expect([failure.exitCode, failure.code]).toEqual([EXIT.disk, code])
    },
  )

  it.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EACCES', 'NO_PERMISSION'],
    ['EROFS', 'NO_PERMISSION'],
    ['ENOENT', 'NOT_HERE'],
  ])('[K09] the system’s %s is %s, with what to do', (code, ours) => {
    const failure = failureOf(systemError(code))
    expect([failure.exitCode, failure.code]).toEqual([EXIT.disk, ours])
    expect(failure.message).toMatch(/; (free|check)/)
  })

  it('[K09] a port that cannot be had is a failure of the network that names the option', () => {
    const failure = failureOf(new SwarmError('CANNOT_LISTEN', 'port 1'))
    expect(failure.exitCode).toBe(EXIT.network)
    expect(failure.message).toContain('--port')
  })

  it('[K09] wrong usage is 2, being asked for help is no failure', () => {
    expect(failureOf(new CommanderError(1, 'commander.unknownOption', 'no')).exitCode).toBe(2)
    expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', 'help')).exitCode).toBe(0)
  })

  it('anything else is 1 and keeps its message', () => {
    expect(failureOf(new Error('odd'))).toMatchObject({ exitCode: 1, message: 'odd' })
    expect(failureOf('a word')).toMatchObject({ exitCode: 1, message: 'a word' })
  })

  it('a Failure stays what it is, and a loop of causes ends', () => {
    const failure = new Failure(4, 'X', 'x')
    expect(failureOf(failure)).toBe(failure)
    const loop: Error & { cause?: unknown } = new Error('loop')
    loop.cause = loop
    expect(failureOf(loop).exitCode).toBe(1)
  })

  it('an offset of no place is left out', () => {
    const error = new BencodeError('SYNTAX', 'nowhere', -1)
    expect(failureOf(error).facts).toEqual({})
  })
})
