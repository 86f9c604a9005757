// What a peer that speaks CacheTorrent adds to its announces (§2.4), both ways. Names as they stand in the query.

import type { AnnounceRequest } from '@bt/tracker-protocol'
import { siteNameBytes } from './site-token.ts'

/** What a peer says about itself. */
export interface Declared {
  /** The site it believes to be in; the tracker's word is final. */
  readonly site?: string
  /** Bytes per second; 0: not said. */
  readonly upload: number
  readonly download: number
  /** The most that it sent over ten seconds so far, where it does not say what it can. */
  readonly sent?: number
  /** It does not want to lead. */
  readonly neverLeads?: true
}

/** Rates beyond this are taken for it: 2^40 bytes a second is no host's. */
const RATE_MAX = 2 ** 40

/** The parameters of one announce, values not yet percent-encoded. */
export function announceParameters(declared: Declared): ReadonlyMap<string, string> {
  const parameters = new Map([['ct', '1']])
  if (declared.site !== undefined) parameters.set('ct_site', declared.site.normalize('NFC'))
  if (declared.upload > 0) parameters.set('ct_up', rateText(declared.upload))
  if (declared.download > 0) parameters.set('ct_down', rateText(declared.download))
  if (declared.sent !== undefined) parameters.set('ct_sent', rateText(declared.sent))
  if (declared.neverLeads === true) parameters.set('ct_lead', '0')
  return parameters
}

/** Undefined: the asker speaks no CacheTorrent. What is malformed counts as not said. */
export function declaredIn(request: Pick<AnnounceRequest, 'extra'>): Declared | undefined {
  const { extra } = request
  if (extra?.get('ct') !== '1') return undefined
  const upload = rateOf(extra.get('ct_up'))
  const download = rateOf(extra.get('ct_down'))
  const sent = rateOf(extra.get('ct_sent'))
  const site = nameOf(extra.get('ct_site'))
  return {
    ...(site === undefined ? {} : { site }),
    upload,
    download,
    ...(sent > 0 ? { sent } : {}),
    ...(extra.get('ct_lead') === '0' ? { neverLeads: true } : {}),
  }
}

function nameOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    siteNameBytes(text)
    return text.normalize('NFC')
  } catch {
    return undefined
  }
}

function rateOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Math.min(RATE_MAX, Number(text)) : 0
}

function rateText(rate: number): string {
  return String(Math.min(RATE_MAX, Math.floor(rate)))
}
