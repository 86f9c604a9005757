// Which program a peer id belongs to: "Transmission 4.1" (BEP 20). For people to read, never to decide by.

import { type PeerId, idBytes } from '@bt/primitives'

/** Azureus style: two letters after a hyphen. */
const AZUREUS: Readonly<Record<string, string>> = {
  '7T': 'aTorrent',
  AG: 'Ares',
  AR: 'Arctic',
  AT: 'Artemis',
  AX: 'BitPump',
  AZ: 'Vuze',
  BB: 'BitBuddy',
  BC: 'BitComet',
  BE: 'BitTorrent SDK',
  BF: 'BitFlu',
  BG: 'BTG',
  BI: 'BiglyBT',
  BL: 'BitLord',
  BP: 'BitTorrent Pro',
  BR: 'BitRocket',
  BT: 'BitTorrent',
  BW: 'BitWombat',
  CD: 'Enhanced CTorrent',
  CT: 'CTorrent',
  DE: 'Deluge',
  DP: 'Propagate Data Client',
  EB: 'EBit',
  ES: 'Electric Sheep',
  FC: 'FileCroc',
  FD: 'Free Download Manager',
  FT: 'FoxTorrent',
  GR: 'GetRight',
  GS: 'GSTorrent',
  HL: 'Halite',
  KG: 'KGet',
  KT: 'KTorrent',
  LC: 'LeechCraft',
  LP: 'Lphant',
  LT: 'libtorrent',
  lt: 'rTorrent',
  LW: 'LimeWire',
  MG: 'MediaGet',
  MO: 'MonoTorrent',
  MP: 'MooPolice',
  MT: 'MoonlightTorrent',
  PD: 'Pando',
  PI: 'PicoTorrent',
  PT: 'Popcorn Time',
  qB: 'qBittorrent',
  QD: 'QQDownload',
  QT: 'Qt 4 Torrent',
  RT: 'Retriever',
  SB: 'Swiftbit',
  SD: 'Thunder',
  SM: 'SoMud',
  SS: 'SwarmScope',
  ST: 'SymTorrent',
  SZ: 'Shareaza',
  TE: 'terasaur',
  TL: 'Tribler',
  TN: 'TorrentDotNET',
  TR: 'Transmission',
  TS: 'Torrentstorm',
  TT: 'TuoTu',
  UL: 'uLeecher',
  UM: 'µTorrent for Mac',
  UT: 'µTorrent',
  UW: 'µTorrent Web',
  VG: 'Vagaa',
  WD: 'WebTorrent Desktop',
  WT: 'BitLet',
  WW: 'WebTorrent',
  XF: 'Xfplay',
  XL: 'Xunlei',
  XT: 'XanTorrent',
  XX: 'Xtorrent',
  ZT: 'ZipTorrent',
  rB: 'rqbit',
}

/** Shadow style: one letter, then digits of the version. */
const SHADOW: Readonly<Record<string, string>> = {
  A: 'ABC',
  O: 'Osprey Permaseed',
  Q: 'BTQueue',
  R: 'Tribler',
  S: 'Shadow',
  T: 'BitTornado',
  U: 'UPnP NAT',
}

/** A name for people; an unknown code in quotes; 'unknown' when the id follows no custom. */
export function clientName(peerId: PeerId): string {
  const text = String.fromCharCode(...idBytes(peerId))
  return aria(text) ?? azureus(text) ?? mainline(text) ?? shadow(text) ?? 'unknown'
}

/** Control characters, and what could turn a line of a terminal around, as `?`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
}

function aria(text: string): string | undefined {
  const match = /^(?:A2-|-A2)(\d{1,2})-(\d{1,2})-(\d{1,2})-/.exec(text)
  if (match !== null) return `aria2 ${match[1]}.${match[2]}.${match[3]}`
  return /^A2-|^aria2/.test(text) ? 'aria2' : undefined
}

function azureus(text: string): string | undefined {
  const match = /^-([A-Za-z0-9]{2})([0-9A-Za-z]{4})-/.exec(text)
  if (match === null) return undefined
  const code = match[1] as string
  const version = match[2] as string
  const name = AZUREUS[code] ?? `'${code}'`
  if (code === 'TR') return `${name} ${transmissionVersion(version)}`
  if (code === 'WW' || code === 'WD') {
    return `${name} ${Number(version.slice(0, 2))}.${Number(version.slice(2))}`
  }
  return `${name} ${dotted(version)}`
}

/** Before 4.0 two digits of a fraction ("2.94"), since then one digit each; a last Z or X is a build in between. */
function transmissionVersion(version: string): string {
  const [major = '0', minor = '0', patch = '0', build = '0'] = version
  const between = build === '0' ? '' : '+'
  if (major >= '4') return `${major}.${minor}${patch === '0' ? '' : `.${patch}`}${between}`
  return `${major}.${minor}${patch}${between}`
}

/** Each character a number (A is 10); zeros at the end are left out, but for the second. */
function dotted(version: string): string {
  const numbers = Array.from(version, (digit) => Number.parseInt(digit, 36))
  while (numbers.length > 2 && numbers.at(-1) === 0) numbers.pop()
  return numbers.join('.')
}

function mainline(text: string): string | undefined {
  const match = /^([MQ])(\d{1,2})-(\d{1,2})-(\d{1,2})-/.exec(text)
  if (match === null) return undefined
  const name = match[1] === 'M' ? 'BitTorrent' : 'Queen Bee'
  return `${name} ${match[2]}.${match[3]}.${match[4]}`
}

function shadow(text: string): string | undefined {
  const match = /^([AOQRSTU])([0-9A-Za-z]{1,3})-{2,}/.exec(text)
  if (match === null) return undefined
  return `${SHADOW[match[1] as string]} ${dotted(match[2] as string)}`
}
