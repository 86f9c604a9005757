// CachePicker (§1.4): pieces that followers asked for and that are not here. They come first, among equally rare ones.

export class CachePicker {
  readonly #wanted = new Set<number>()
  /** Somebody asked for something, ever. */
  wasAsked = false

  wants(piece: number): void {
    this.#wanted.add(piece)
    this.wasAsked = true
  }

  /** It is here. */
  came(piece: number): void {
    this.#wanted.delete(piece)
  }

  /** For `SwarmPolicy.prefer`, within one rarity: smaller comes first. */
  readonly rank = (piece: number): number => (this.#wanted.has(piece) ? 0 : 1)
}
