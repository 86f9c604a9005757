// @bt/scenarios: whole swarms in the simulator. Scenarios as data, schemes, invariants, results.

export { boundsOf, frontierRedundancy, kthBound } from './bounds.ts'
export type { BoundFacts, Bounds, SiteBound } from './bounds.ts'
export { CATALOGUE, catalogued } from './catalogue.ts'
export { ScenarioError } from './errors.ts'
export type { ScenarioErrorCode } from './errors.ts'
export { layOut } from './layout.ts'
export type { Layout, PeerPlan, SitePlan } from './layout.ts'
export { parseScenario } from './parse-scenario.ts'
export type { ProfileName } from './profile.ts'
export { timesOf } from './percentiles.ts'
export type { Times } from './percentiles.ts'
export { reportLines } from './report.ts'
export type { ClassResult, RunResult, SiteResult } from './result.ts'
export { RANDOM_PEERS_MAX, RANDOM_PIECES_MAX, randomScenario } from './random-scenario.ts'
export { REPLAY_VERSION, ReplayRecorder } from './replay.ts'
export type { ReplayEnd, ReplayFrame, ReplayHead } from './replay.ts'
export { profileFor, runScenario, TICK_MS } from './run.ts'
export type { Meter, Onlooker, Progress, RunOptions } from './run.ts'
export type { Broken } from './run-view.ts'
export type {
  Actor,
  Fault,
  HostClass,
  Join,
  Latency,
  NeighbourRules,
  Scenario,
  Seeds,
  SiteGroup,
  When,
} from './scenario.ts'
export type {
  PeerFacts,
  Scheme,
  SchemeFacts,
  SchemePeer,
  SchemeRun,
  Settings,
  SettingSpec,
} from './scheme.ts'
export { schemeNamed, SCHEMES } from './schemes.ts'
export type { Timeline } from './timeline.ts'
export { applySettings } from './settings.ts'
export type { Applied } from './settings.ts'
