// The command line. Arguments in, a command run, an exit code out; each command is a file of its own, run when asked.

import { type Endpoint, parseEndpoint } from '@bt/primitives'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import type { CreateOptions } from './commands/create.ts'
import type { DownloadOptions } from './commands/download.ts'
import type { SeedOptions } from './commands/seed.ts'
import type { SimulateOptions } from './commands/simulate.ts'
import { EXIT, failureOf } from './failure.ts'
import { Output } from './output.ts'
import {
  parseCopies,
  parseCount,
  parseDuration,
  parsePieceLength,
  parseRate,
  parseRatio,
  parseSize,
} from './quantities.ts'

interface Common {
  readonly json?: boolean
  readonly debug?: boolean
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]
const collectUrl =
  (scheme: RegExp) =>
  (value: string, before: readonly string[]): readonly string[] => {
    if (!URL.canParse(value) || !scheme.test(value) || new URL(value).host === '')
      throw new InvalidArgumentError('An address is a URL, as in http://tracker.example/announce.')
    return [...before, value]
  }
const collectPeer = (value: string, before: readonly Endpoint[]): readonly Endpoint[] => {
  const endpoint = parseEndpoint(value)
  if (endpoint === undefined || endpoint.port === 0)
    throw new InvalidArgumentError(
      'A peer is HOST:PORT, as in 192.0.2.7:6881 or [2001:db8::7]:6881.',
    )
  return [...before, endpoint]
}

let exitCode: number = EXIT.done

const program = new Command('bt')
  .description('BitTorrent at the command line.')
  .version(manifest.version)
  .enablePositionalOptions()
  .exitOverride()
  .showHelpAfterError('(--help lists what there is)')
  .configureHelp({ sortSubcommands: false })

command(
  'demo',
  'a tour over real sockets, no internet: a tracker, a seed and peers in two sites, every byte verified',
)
  .option('--size <size>', 'how much content to make', parseSize, 16 * 1024 * 1024)
  .option('--peers <n>', 'peers that download', parseCount('--peers', 2, 20), 6)
  .action(
    run(async (output, options: { size: number; peers: number }) =>
      (await import('./commands/demo.ts')).demo(options, output),
    ),
  )

command('create <path>', 'make a torrent of a file or folder; prints infohash and magnet')
  .option('-o, --output <file>', 'where to write it (default: NAME.torrent here)')
  .option('--tracker <url>', 'announce URL; repeat for more', collectUrl(/^(https?|udp):/i), [])
  .option(
    '--web-seed <url>',
    'where the content is on the web; repeat for more',
    collectUrl(/^https?:/i),
    [],
  )
  .option(
    '--piece-length <size>',
    'power of two from 16KiB (default: by the size of the content)',
    parsePieceLength,
  )
  .addOption(
    new Option('--version <version>', 'BitTorrent version')
      .choices(['1', '2', 'hybrid'])
      .default('1'),
  )
  .option('--private', 'only its own trackers may give peers (BEP 27)')
  .option('--name <name>', 'name in the torrent (default: that of the file or folder)')
  .option('--comment <text>', 'a word for people')
  .option(
    '--threads <n>',
    'threads that hash (default: one a core)',
    parseCount('--threads', 1, 64),
  )
  .action(
    run(async (output, path: string, options: CreateOptions) =>
      (await import('./commands/create.ts')).create(path, options, output),
    ),
  )

command(
  'show <torrent...>',
  'what is in torrents and magnet links; with --json a line each',
).action(
  run(async (output, sources: string[]) =>
    (await import('./commands/show.ts')).show(sources, output),
  ),
)

command('verify <torrent> <dir>', 'hash what is there: exit 0 complete, 1 not').action(
  run(async (output, torrent: string, folder: string) =>
    (await import('./commands/verify.ts')).verify(torrent, folder, output),
  ),
)

command('magnet <torrent>', 'the magnet link of a torrent').action(
  run(async (output, torrent: string) =>
    (await import('./commands/magnet.ts')).magnet(torrent, output),
  ),
)

network(
  command(
    'download <torrent>',
    'download a .torrent, magnet link or http address; exit 0 when complete and verified',
  ),
)
  .requiredOption('-o, --output <dir>', 'folder to download into')
  .option('--seed', 'go on seeding afterwards, until a signal')
  .option('--seed-ratio <ratio>', 'seed until this much of the content was uploaded', parseRatio)
  .option('--seed-time <time>', 'seed for this long, as in 30s or 2h', parseDuration)
  .option('--select <glob>', 'only files that match; repeat for more', collect, [])
  .option('--sequential', 'pieces in order')
  .option('--resume <file>', 'keep resume data in this file instead of beside the content')
  .action(
    run(async (output, torrent: string, options: DownloadOptions) =>
      (await import('./commands/download.ts')).download(torrent, options, output),
    ),
  )

network(command('seed <torrent> <dir>', 'check the data and seed it until a signal'))
  .option('--trust-data', 'do not check the data first')
  .option('--super-seed', 'show each piece to one peer at a time (BEP 16)')
  .action(
    run(async (output, torrent: string, folder: string, options: SeedOptions) =>
      (await import('./commands/seed.ts')).seed(torrent, folder, options, output),
    ),
  )

for (const what of ['announce', 'scrape'] as const)
  command(
    `${what} <torrent>`,
    what === 'announce' ? 'ask trackers once for peers' : 'ask trackers once for counts',
  )
    .option('--info-hash <hex>', "with a tracker's own URL: which torrent to ask about")
    .option('--port <n>', 'port to say that we listen on', parseCount('--port', 1, 65_535), 6881)
    .option('--host <address>', 'source address')
    .option('--timeout <time>', 'how long to wait for each tracker', parseDuration, 15)
    .action(
      run(
        async (
          output,
          torrent: string,
          options: { infoHash?: string; port: number; host?: string; timeout: number },
        ) =>
          (await import('./commands/ask-trackers.ts'))[what](
            torrent,
            { ...options, timeoutSeconds: options.timeout },
            output,
          ),
      ),
    )

command(
  'simulate [scenario]',
  'run whole swarms in virtual time; --list shows the scenarios, random is one drawn from the seed',
)
  .option('--list', 'scenarios and schemes, with their settings')
  .option('--scheme <name>', 'how peers and tracker behave', 'bittorrent')
  .option('--seed <n>', 'the same seed gives the same run', '1')
  .option('--set <key=value>', 'a setting of the scheme or a field of the scenario', collect, [])
  .addOption(
    new Option(
      '--profile <name>',
      'wire: real bytes and hashes; fast: lengths (default: by size)',
    ).choices(['wire', 'fast']),
  )
  .option('--out <dir>', 'write result.json and summary.txt there')
  .option('--replay <file>', 'record frames to look at, as JSON lines')
  .option('--trace <file>', 'record every event of the simulation as JSON lines')
  .action(
    run(async (output, scenario: string | undefined, options: SimulateOptions) =>
      (await import('./commands/simulate.ts')).simulate(scenario, options, output),
    ),
  )

void main()

function command(words: string, description: string): Command {
  return program
    .command(words)
    .description(description)
    .option('--json', 'events as JSON, one object a line')
    .option('--debug', 'stack traces and a log on stderr')
}

function network(to: Command): Command {
  return to
    .option(
      '--port <n>',
      'listen there (default: 6881, then any free; 0: any)',
      parseCount('--port', 0, 65_535),
    )
    .option('--host <address>', 'listen on this address, and send from it')
    .option('--peer <host:port>', 'a peer to connect to; repeat for more', collectPeer, [])
    .addOption(
      new Option(
        '--private-peers <rule>',
        'allow: a public tracker may name private addresses',
      ).choices(['allow']),
    )
    .option('--no-tracker', 'do not announce')
    .option('--no-pex', 'no peer exchange')
    .option('--limit-down <rate>', 'per second, as in 500KB or 10MiB', parseRate)
    .option('--limit-up <rate>', 'per second', parseRate)
    .option('--max-peers <n>', 'connections at most', parseCount('--max-peers', 1, 10_000))
    .addOption(
      new Option(
        '--cache <rule>',
        'CacheTorrent: each piece comes into a site once, where the tracker names leaders; off: plain BitTorrent',
      )
        .choices(['on', 'off'])
        .default('on'),
    )
    .option('--site <name>', 'the site we are in (default: BT_SITE, the site map, the tracker)')
    .option(
      '--site-map <file>',
      'which address is in which site: "10.1.0.0/16 office" a line, or an IP to ASN database (.mmdb); read again when it changes',
    )
    .option(
      '--up <rate>',
      'upload capacity to declare, for elections, for --cross-budget, and for a seed to know when its site holds it up (default: --limit-up)',
      parseRate,
    )
    .option(
      '--down <rate>',
      'download capacity to declare, for elections and for --cross-budget (default: --limit-down)',
      parseRate,
    )
    .option(
      '--cross-budget <copies>',
      'copies of each piece that may come into the site: auto (one, unless its uplinks cannot keep up) or a number from 1',
      parseCopies,
      'auto',
    )
    .addOption(
      new Option(
        '--trust <whom>',
        'whom members of the site serve: site: one another by turns; strangers: those who give most, too',
      )
        .choices(['site', 'strangers'])
        .default('site'),
    )
    .option('--no-lead', 'never lead the site: others decide who imports what')
    .option('--memory <size>', 'memory for pieces under way (default: 32MiB)', parseSize)
}

/** An action whose last words from commander are its options and itself; sets the exit code. */
function run(
  action: (output: Output, ...words: never[]) => Promise<number>,
): (...words: unknown[]) => Promise<void> {
  const act = action as unknown as (output: Output, ...words: unknown[]) => Promise<number>
  return async (...words) => {
    const options = words.at(-2) as Common
    exitCode = await act(new Output(options.json === true), ...words.slice(0, -1))
  }
}

async function main(): Promise<void> {
  // Whoever reads our output may stop reading (`bt show … | head`). A download goes on: its content is what matters.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  try {
    await program.parseAsync()
  } catch (error) {
    exitCode = report(error)
  }
  process.exitCode = exitCode
}

/** One line that a person can act on, and an event for scripts. Answers the exit code. */
function report(error: unknown): number {
  const failure = failureOf(error)
  const code = failure.exitCode
  const isCommanders = error instanceof CommanderError
  if (code === EXIT.done) return code
  if (process.argv.includes('--json')) {
    const event = isCommanders ? { code: 'USAGE' } : { code: failure.code }
    new Output(true).event('error', { ...event, message: failure.message, ...failure.facts })
  }
  // Commander has printed its own.
  if (!isCommanders) process.stderr.write(`bt: ${failure.message}\n`)
  if (process.argv.includes('--debug') && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
  return code
}
