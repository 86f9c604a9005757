// What bt-tracker is told: flags over environment over a TOML file over defaults, checked in one place.

import { readFileSync } from 'node:fs'
import { type Endpoint, formatIp, parseEndpoint, parseIp } from '@bt/primitives'
import { INTERVAL_SECONDS, PEERS_MAX } from '@bt/tracker-server'
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { UsageError } from './usage-error.ts'

/** Where a tracker listens unless told: both protocols on the customary port. */
const LISTEN_DEFAULT = '0.0.0.0:6969'
const ADMIN_DEFAULT = '127.0.0.1:6970'
/** Seconds. */
const INTERVAL_MIN = 1
const INTERVAL_MAX = 86_400

const whole = (name: string, minimum: number, maximum: number) =>
  v.pipe(
    v.union(
      [v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))],
      `${name} is a whole number`,
    ),
    v.integer(`${name} is a whole number`),
    v.minValue(minimum, `${name} is at least ${minimum}`),
    v.maxValue(maximum, `${name} is at most ${maximum}`),
  )

const endpoint = (name: string) =>
  v.pipe(
    v.string(),
    v.transform(parseEndpoint),
    v.custom<Endpoint>(
      (value) => value !== undefined,
      `${name} is HOST:PORT, as in 0.0.0.0:6969 or [::]:6969`,
    ),
  )

/** As the source of a connection is written, so that the two can be compared. */
const address = (name: string) =>
  v.pipe(
    v.string(),
    v.transform((text) => parseIp(text.trim())),
    v.custom<Uint8Array>((value) => value !== undefined, `${name} is a list of addresses`),
    v.transform(formatIp),
  )

const Settings = v.strictObject({
  http: v.optional(endpoint('http')),
  udp: v.optional(endpoint('udp')),
  admin: v.optional(endpoint('admin')),
  interval: v.optional(whole('interval', INTERVAL_MIN, INTERVAL_MAX)),
  'max-peers': v.optional(whole('max-peers', 1, 2000)),
  allow: v.optional(v.string()),
  deny: v.optional(v.string()),
  store: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        /^(memory|rediss?:\/\/.+|redis\+cluster:\/\/.+)$/,
        'store is memory, redis://HOST:PORT or redis+cluster://HOST:PORT',
      ),
    ),
  ),
  workers: v.optional(whole('workers', 1, 64)),
  'peer-ids': v.optional(v.picklist(['keep', 'drop'], 'peer-ids is keep or drop')),
  'udp-batch': v.optional(v.picklist(['auto', 'off'], 'udp-batch is auto or off')),
  'http-batch': v.optional(v.picklist(['auto', 'off'], 'http-batch is auto or off')),
  'trust-proxy': v.optional(v.array(address('trust-proxy'))),
  'site-map': v.optional(v.string()),
  'trust-sites': v.optional(
    v.union(
      [
        v.boolean(),
        v.pipe(
          v.picklist(['true', 'false']),
          v.transform((text) => text === 'true'),
        ),
      ],
      'trust-sites is true or false',
    ),
  ),
  'leader-percent': v.optional(whole('leader-percent', 1, 100)),
  'dial-back': v.optional(v.picklist(['on', 'off'], 'dial-back is on or off')),
  'log-level': v.optional(
    v.picklist(['debug', 'info', 'warn', 'silent'], 'log-level is debug, info, warn or silent'),
  ),
})
type Settings = v.InferOutput<typeof Settings>
/** Settings as they come from flags, environment or file: not checked yet. */
export type RawSettings = { readonly [name in keyof Settings]?: unknown }

export interface Config {
  readonly http: Endpoint | undefined
  readonly udp: Endpoint | undefined
  readonly admin: Endpoint
  readonly intervalSeconds: number
  readonly peersMax: number
  readonly list: { readonly kind: 'allow' | 'deny'; readonly file: string } | undefined
  /** Where trackers of the same swarms hear of each other; undefined: there are none. */
  readonly store: string | undefined
  /** Processes that serve. */
  readonly workers: number
  /** Peer ids are named only in answers that are dictionaries, and cost 20 bytes a peer. */
  readonly keepPeerIds: boolean
  /** Move datagrams by the addon, where there is one for this machine. */
  readonly udpBatch: boolean
  /** Serve HTTP connections by the addon, where there is one for this machine. */
  readonly httpBatch: boolean
  readonly trustedProxies: readonly string[]
  /** CacheTorrent: who is where, and how many of a site lead it; undefined: it is not spoken. */
  readonly sites:
    | {
        readonly file: string
        readonly leaderPercent: number | undefined
        /** Peers that the map does not place are where they say they are. */
        readonly trustLabels: boolean
        /** Dial who may lead; who cannot be reached does not. */
        readonly dialBack: boolean
      }
    | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'silent'
}

/** @throws {UsageError} that says which setting is wrong, from where, and what it may be */
export function readConfig(
  flags: RawSettings,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const fromFile = file === undefined ? {} : check(readToml(file), file)
  const settings = {
    ...fromFile,
    ...check(fromEnvironment(environment), 'the environment'),
    ...check(flags, 'the command line'),
  }
  if (settings.allow !== undefined && settings.deny !== undefined)
    throw new UsageError('--allow and --deny exclude each other: give one list')
  for (const name of ['leader-percent', 'trust-sites', 'dial-back'] as const) {
    if (settings[name] !== undefined && settings['site-map'] === undefined)
      throw new UsageError(`--${name} is about sites: give --site-map as well`)
  }
  const fallback =
    settings.http === undefined && settings.udp === undefined
      ? parseEndpoint(LISTEN_DEFAULT)
      : undefined
  const list = settings.allow ?? settings.deny
  return {
    http: settings.http ?? fallback,
    udp: settings.udp ?? fallback,
    admin: settings.admin ?? (parseEndpoint(ADMIN_DEFAULT) as Endpoint),
    intervalSeconds: settings.interval ?? INTERVAL_SECONDS,
    peersMax: settings['max-peers'] ?? PEERS_MAX,
    list:
      list === undefined
        ? undefined
        : { kind: settings.allow === undefined ? 'deny' : 'allow', file: list },
    store: settings.store === 'memory' ? undefined : settings.store,
    workers: settings.workers ?? 1,
    keepPeerIds: settings['peer-ids'] !== 'drop',
    udpBatch: settings['udp-batch'] !== 'off',
    httpBatch: settings['http-batch'] !== 'off',
    trustedProxies: settings['trust-proxy'] ?? [],
    sites:
      settings['site-map'] === undefined
        ? undefined
        : {
            file: settings['site-map'],
            leaderPercent: settings['leader-percent'],
            trustLabels: settings['trust-sites'] === true,
            dialBack: settings['dial-back'] !== 'off',
          },
    logLevel: settings['log-level'] ?? 'info',
  }
}

function check(raw: unknown, from: string): Settings {
  const result = v.safeParse(Settings, raw)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? ''
  throw new UsageError(
    issue.type === 'strict_object'
      ? `${from}: there is no setting named ${path}`
      : `${from}: ${issue.message}`,
  )
}

function readToml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${file} cannot be read as configuration: ${(error as Error).message}`)
  }
}

/** BT_TRACKER_HTTP, BT_TRACKER_MAX_PEERS and so on. */
function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): RawSettings {
  const settings: Record<string, unknown> = {}
  for (const name of Object.keys(Settings.entries)) {
    const value = environment[`BT_TRACKER_${name.toUpperCase().replaceAll('-', '_')}`]
    if (value !== undefined) settings[name] = name === 'trust-proxy' ? value.split(',') : value
  }
  return settings
}
