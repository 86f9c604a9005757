// The programs that swarms are made of: ours in its two modes, and the stock clients of the interop tests.

import type { PeerProgram } from '../../tests/support/peers.ts'

/** `bt` with these options, as a user runs it. */
export function ours(bt: string, more: readonly string[]): PeerProgram {
  const where = (address: string, port: number): string[] => [
    '--host',
    address,
    '--port',
    String(port),
    '--json',
    ...more,
  ]
  return {
    name: 'ours',
    isHere: () => true,
    seed({ network, source, folder, address, port }) {
      const program = network.run(process.execPath, [
        bt,
        'seed',
        source,
        folder,
        '--trust-data',
        ...where(address, port),
      ])
      return { program, ready: program.line(/"event":"seeding"/), done: () => program.exited }
    },
    leech({ network, source, folder, address, port }) {
      const program = network.run(process.execPath, [
        bt,
        'download',
        source,
        '-o',
        folder,
        '--seed',
        ...where(address, port),
      ])
      return {
        program,
        ready: program.line(/"event":"listening"/),
        done: (withinMs) => program.line(/"event":"complete"/, withinMs),
      }
    },
  }
}
