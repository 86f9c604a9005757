// The scenarios that ship: JSON files of ../catalogue, by the name of the file.

import asym from '../catalogue/asym.json' with { type: 'json' }
import bigseed from '../catalogue/bigseed.json' with { type: 'json' }
import churn from '../catalogue/churn.json' with { type: 'json' }
import corruptPeer from '../catalogue/corrupt-peer.json' with { type: 'json' }
import fastSeed from '../catalogue/fast-seed.json' with { type: 'json' }
import flashCrowd from '../catalogue/flash-crowd.json' with { type: 'json' }
import halfUplink from '../catalogue/half-uplink.json' with { type: 'json' }
import huge from '../catalogue/huge.json' with { type: 'json' }
import importersKilled from '../catalogue/importers-killed.json' with { type: 'json' }
import lateSite from '../catalogue/late-site.json' with { type: 'json' }
import leaderKilled from '../catalogue/leader-killed.json' with { type: 'json' }
import leadersKilled from '../catalogue/leaders-killed.json' with { type: 'json' }
import leavers from '../catalogue/leavers.json' with { type: 'json' }
import linkDown from '../catalogue/link-down.json' with { type: 'json' }
import lyingPeer from '../catalogue/lying-peer.json' with { type: 'json' }
import medium from '../catalogue/medium.json' with { type: 'json' }
import mixedSites from '../catalogue/mixed-sites.json' with { type: 'json' }
import office from '../catalogue/office.json' with { type: 'json' }
import onePeerSites from '../catalogue/one-peer-sites.json' with { type: 'json' }
import partition from '../catalogue/partition.json' with { type: 'json' }
import randomSites from '../catalogue/random-sites.json' with { type: 'json' }
import severalSeeds from '../catalogue/several-seeds.json' with { type: 'json' }
import sharedLinkFiftieth from '../catalogue/shared-link-fiftieth.json' with { type: 'json' }
import sharedLinkTenth from '../catalogue/shared-link-tenth.json' with { type: 'json' }
import slowDisk from '../catalogue/slow-disk.json' with { type: 'json' }
import slowSeed from '../catalogue/slow-seed.json' with { type: 'json' }
import smallSites from '../catalogue/small-sites.json' with { type: 'json' }
import stallingPeer from '../catalogue/stalling-peer.json' with { type: 'json' }
import stockClients from '../catalogue/stock-clients.json' with { type: 'json' }
import trackerKilled from '../catalogue/tracker-killed.json' with { type: 'json' }
import zipfSites from '../catalogue/zipf-sites.json' with { type: 'json' }
import { ScenarioError } from './errors.ts'

/** Parsed JSON of each, in an order for people. */
export const CATALOGUE: Readonly<Record<string, unknown>> = {
  medium,
  bigseed,
  asym,
  'flash-crowd': flashCrowd,
  'slow-seed': slowSeed,
  'fast-seed': fastSeed,
  churn,
  'late-site': lateSite,
  'leader-killed': leaderKilled,
  'leaders-killed': leadersKilled,
  leavers,
  'importers-killed': importersKilled,
  'tracker-killed': trackerKilled,
  partition,
  'link-down': linkDown,
  'lying-peer': lyingPeer,
  'corrupt-peer': corruptPeer,
  'stalling-peer': stallingPeer,
  'slow-disk': slowDisk,
  'one-peer-sites': onePeerSites,
  'small-sites': smallSites,
  'mixed-sites': mixedSites,
  'zipf-sites': zipfSites,
  'random-sites': randomSites,
  'shared-link-tenth': sharedLinkTenth,
  'shared-link-fiftieth': sharedLinkFiftieth,
  'half-uplink': halfUplink,
  'several-seeds': severalSeeds,
  'stock-clients': stockClients,
  huge,
  office,
}

/** @throws {ScenarioError} NO_SUCH_SCENARIO */
export function catalogued(name: string): unknown {
  const found = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(CATALOGUE).join(', ')
  const message = `there is no scenario "${name}": give a file, or one of ${names}`
  throw new ScenarioError('NO_SUCH_SCENARIO', name, message)
}
