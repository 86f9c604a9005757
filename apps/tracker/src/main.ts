// bt-tracker: an HTTP and UDP tracker. Arguments in, ports chosen, output printed; what it does is @bt/tracker-server.

import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { type Config, type RawSettings, readConfig } from './config.ts'
import { runTracker } from './run-tracker.ts'
import { runWorkers } from './run-workers.ts'
import { UsageError } from './usage-error.ts'
import { workerLink } from './worker-link.ts'

const EXIT = { done: 0, failed: 1, usage: 2, network: 5 } as const

const program = new Command('bt-tracker')
  .description(
    'An HTTP and UDP BitTorrent tracker. Without --http and --udp it listens on both at 6969.',
  )
  .version(manifest.version)
  .option('--http <host:port>', 'serve HTTP announces and scrapes there')
  .option('--udp <host:port>', 'serve UDP announces and scrapes there')
  .option(
    '--admin <host:port>',
    'metrics (/metrics) and a page (/) there (default: 127.0.0.1:6970)',
  )
  .option('--workers <n>', 'processes that serve, each of which knows all peers (default: 1)')
  .option(
    '--store <url>',
    'memory, or where trackers of the same swarms hear of each other: redis://HOST:PORT, redis+cluster://HOST:PORT (default: memory)',
  )
  .option('--interval <seconds>', 'how often peers are told to announce (default: 1800)')
  .option('--max-peers <n>', 'peers in one answer at most (default: 200)')
  .option(
    '--allow <file>',
    'serve only the infohashes in this file, one a line; SIGHUP reads it again',
  )
  .option('--deny <file>', 'serve all but the infohashes in this file; SIGHUP reads it again')
  .addOption(
    new Option(
      '--peer-ids <what>',
      'keep them, or drop them and save 20 bytes a peer; compact answers have none (default: keep)',
    ).choices(['keep', 'drop']),
  )
  .addOption(
    new Option(
      '--udp-batch <when>',
      'move datagrams in batches by the addon, where one is built for this machine (default: auto)',
    ).choices(['auto', 'off']),
  )
  .addOption(
    new Option(
      '--http-batch <when>',
      'serve HTTP connections in batches by the addon, where one is built for this machine (default: auto)',
    ).choices(['auto', 'off']),
  )
  .option('--trust-proxy <address...>', 'believe X-Forwarded-For of these addresses')
  .option(
    '--site-map <file>',
    'CacheTorrent: which addresses lie in which site, a line each, as in "10.1.0.0/16 office"; read again when it changes or on SIGHUP',
  )
  .option(
    '--trust-sites',
    'believe the site that a peer names where the map does not know its address',
  )
  .option(
    '--leader-percent <p>',
    'CacheTorrent: of the members of a site, how many may import, at least 2 (default: all)',
  )
  .addOption(
    new Option(
      '--dial-back <when>',
      'CacheTorrent: dial who may lead a site, and let nobody lead who cannot be reached (default: on)',
    ).choices(['on', 'off']),
  )
  .addOption(
    new Option('--log-level <level>', 'what goes to stderr (default: info)').choices([
      'debug',
      'info',
      'warn',
      'silent',
    ]),
  )
  .option(
    '--config <file.toml>',
    'read settings from a file; flags and BT_TRACKER_… variables win over it',
  )
  .option('--json', 'print events as JSON, one a line')
  .option('--debug', 'print stack traces')
  .exitOverride()

await main()

async function main(): Promise<void> {
  let debug = process.argv.includes('--debug')
  try {
    program.parse()
    const {
      config,
      json = false,
      debug: trace = false,
      ...flags
    } = program.opts<
      { config?: string; json?: boolean; debug?: boolean } & Record<string, unknown>
    >()
    debug = trace
    const settings: Config = readConfig(named(flags), config, process.env)
    const read = (file: string): string => readFileSync(file, 'utf8')
    if (cluster.isWorker) await runTracker(settings, json, read, await workerLink())
    else if (settings.workers > 1) process.exitCode = await runWorkers(settings, json)
    else await runTracker(settings, json, read)
  } catch (error) {
    process.exitCode = report(error, debug)
  }
}

/** Commander's camelCase back to the names of the settings. */
function named(flags: Readonly<Record<string, unknown>>): RawSettings {
  return Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      value,
    ]),
  )
}

function report(error: unknown, debug: boolean): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { message, stack, code } = error as NodeJS.ErrnoException
  process.stderr.write(`bt-tracker: ${debug ? stack : message}\n`)
  if (error instanceof UsageError) return EXIT.usage
  return code === 'CANNOT_LISTEN' ? EXIT.network : EXIT.failed
}
