// @bt/piece-store: verified pieces on some storage.

export { PieceStoreError } from './errors.ts'
export type { PieceStoreErrorCode } from './errors.ts'
export { noStorage, openLengthStore } from './length-store.ts'
export type { LengthStoreOptions } from './length-store.ts'
export { MemoryBudget } from './memory-budget.ts'
export { openStore } from './open.ts'
export { partFileLength } from './placement.ts'
export type {
  HashRange,
  Lent,
  OpenStore,
  PieceStore,
  Resumed,
  Settled,
  StoreCondition,
  StoreEvents,
  StoreOptions,
  StoreParts,
} from './piece-store.ts'
