// Sockets and files draw on one limit of open descriptors. Whoever is refused one says so here, and whoever holds
// spare ones (files kept open for later) gives some back, so that the next attempt works. RLIMIT_NOFILE, EMFILE.

export class DescriptorPressure {
  readonly #givers = new Set<() => void>()

  /** `giveBack` closes what is not in use right now. The answer undoes this. */
  onPressure(giveBack: () => void): () => void {
    this.#givers.add(giveBack)
    return () => this.#givers.delete(giveBack)
  }

  /** A descriptor was wanted and refused. */
  felt(): void {
    for (const giveBack of this.#givers) giveBack()
  }
}
