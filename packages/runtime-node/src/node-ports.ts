// Every port of a real machine, in one object that can be closed.

import { join } from 'node:path'
import { parseIp } from '@bt/primitives'
import { type DigestWants, type RunDigests, type StorageProvider } from '@bt/ports'
import { type Log, NetworkError, type Ports } from '@bt/ports'
import { DescriptorPressure } from './descriptor-pressure.ts'
import { FileKeep } from './file-keep.ts'
import { FileStorageProvider } from './file-storage.ts'
import { HttpClient } from './http-client.ts'
import { digestRuns } from './run-digests.ts'
import { SystemClock } from './system-clock.ts'
import { SystemRandom } from './system-random.ts'
import { SystemResolver } from './system-resolver.ts'
import { TcpTransport } from './tcp-transport.ts'
import { ThreadHasher } from './thread-hasher.ts'
import { UdpDatagrams } from './udp-datagrams.ts'
import { type FileRun, WorkThreads } from './work-threads.ts'

export interface NodePortsOptions {
  /** Files are opened below it; made at the first write. */
  readonly directory: string
  /** Where small durable blobs are kept. Default: `.bt` in `directory`. */
  readonly keepDirectory?: string
  /** Address to listen at and to send from. Default: any; the system chooses. */
  readonly host?: string
  /** Port a session listens on when its own options name none; 0: any free one. */
  readonly listenPort?: number
  /** Files kept open at once. Default 256. */
  readonly filesOpenMax?: number
  /** Threads that hash; 0: none. Default: one per core, at most 4, and 16 while files are hashed. */
  readonly hashThreads?: number
  /** A thread has set up its heap, which sets some flags of V8 back for the whole process. */
  readonly threadStarted?: () => void
  /** Certificate authorities (PEM) trusted for https instead of the built-in ones. */
  readonly authorities?: readonly string[]
  readonly log?: Log
  /** Overwrites lent memory after each call, so that whoever keeps it is found out. For tests. */
  readonly poison?: boolean
}

/** The ports, and their end. */
export interface NodePorts extends Ports, AsyncDisposable {
  /** Storage in another folder, with the threads and the descriptor limit of these ports; closed with them. */
  storageIn(directory: string): StorageProvider
  /**
   * Digests of what lies in files, one run behind the other, read and hashed by a thread. Leaves are those of each run.
   * @throws {RunError} one of them could not be read
   */
  digestFiles(runs: readonly FileRun[], wants: DigestWants): Promise<RunDigests>
  /**
   * Aborts every channel, ends every request, waits for the disk, stops the threads and cancels all alarms: nothing
   * is left that keeps a process alive. Close what uses the ports first. Twice does nothing.
   */
  close(): Promise<void>
}

/** @throws {NetworkError} BAD_ADDRESS when `host` is not an address. */
export function nodePorts(options: NodePortsOptions): NodePorts {
  const { directory, host, log, poison } = options
  if (host !== undefined && parseIp(host.replace(/%.*$/, '')) === undefined) {
    throw new NetworkError('BAD_ADDRESS', `host "${host}" is not an address`, { address: host })
  }
  const pressure = new DescriptorPressure()
  const network = {
    pressure,
    ...(host !== undefined && { host }),
    ...(log !== undefined && { log }),
    ...(poison !== undefined && { poison }),
  }
  const clock = new SystemClock()
  const transport = new TcpTransport(network)
  const datagrams = new UdpDatagrams(network)
  const resolver = new SystemResolver()
  const http = new HttpClient({
    ...network,
    resolver,
    ...(options.authorities !== undefined && { authorities: options.authorities }),
  })
  const threads = new WorkThreads({
    ...(options.hashThreads !== undefined && { threads: options.hashThreads }),
    ...(options.threadStarted !== undefined && { started: options.threadStarted }),
    ...(log !== undefined && { log }),
  })
  const storages: FileStorageProvider[] = []
  const storageIn = (folder: string): FileStorageProvider => {
    const storage = new FileStorageProvider({
      directory: folder,
      pressure,
      threads,
      ...(options.filesOpenMax !== undefined && { filesOpenMax: options.filesOpenMax }),
    })
    storages.push(storage)
    return storage
  }
  const storage = storageIn(directory)
  const keep = new FileKeep(options.keepDirectory ?? join(directory, '.bt'))
  const hasher = new ThreadHasher({ workThreads: threads })
  const end = async (): Promise<void> => {
    http.close()
    const closing = storages.map((each) => each.close())
    await Promise.all([transport.close(), datagrams.close(), keep.close(), ...closing])
    await threads.close()
    clock.close()
  }
  let ended: Promise<void> | undefined
  const close = (): Promise<void> => {
    ended ??= end()
    return ended
  }
  return {
    clock,
    random: new SystemRandom(),
    transport,
    datagrams,
    resolver,
    http,
    storage,
    storageIn,
    keep,
    hasher,
    digestFiles: (runs, wants) => digestRuns(threads, runs, wants),
    ...(log !== undefined && { log }),
    ...(options.listenPort !== undefined && { listenPort: options.listenPort }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
