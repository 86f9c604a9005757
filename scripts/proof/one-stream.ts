// What one TCP stream carries over an uplink: the floor that completion times are held against.

import type { Topology } from './topology.ts'

/** Long enough for TCP to find the rate, short enough to wait for. */
const SECONDS = 7
const BYTES_MIN = 4 * 1024 * 1024

/** Payload bytes per second from a host of site 1 to one of site 2, after the first mebibyte; `uplink` in bits per second. */
export async function oneStream(topology: Topology, uplink: number): Promise<number> {
  const total = Math.max(BYTES_MIN, Math.ceil((uplink / 8) * SECONDS))
  const from = topology.hosts.find(({ site }) => site === 1)
  const to = topology.hosts.find(({ site }) => site === 2)
  if (from === undefined || to === undefined) throw new Error('one stream needs two sites')
  const receive = `
    let bytes = 0, since
    require('net').createServer((socket) => socket.on('data', (chunk) => {
      bytes += chunk.length
      if (since === undefined && bytes > 1048576) since = [performance.now(), bytes]
      if (bytes >= ${total}) console.log('rate ' + Math.round((bytes - since[1]) * 1000 / (performance.now() - since[0])))
    })).listen(9, '${to.address}', () => console.log('listening'))`
  const send = `require('net').connect(9, '${to.address}').end(Buffer.alloc(${total}))`
  const receiver = topology.run(to, process.execPath, ['-e', receive])
  await receiver.line(/listening/)
  topology.run(from, process.execPath, ['-e', send])
  const [, rate] = await receiver.line(/rate (\d+)/)
  await topology.stopAll()
  return Number(rate)
}
