// What a command says: JSON lines for scripts, plain lines for pipes, a live display on a terminal.
//
// With --json one object a line on stdout and nothing else there. Otherwise one plain line when something changes.

export type Facts = Readonly<Record<string, unknown>>

export class Output {
  readonly isJson: boolean
  /** A display that redraws itself makes sense. */
  readonly isLive: boolean
  #live: LiveLine | undefined

  constructor(isJson: boolean) {
    this.isJson = isJson
    this.isLive = !isJson && process.stdout.isTTY
  }

  /** One event: as JSON, or as its text when it has one. */
  event(event: string, facts: Facts, text?: string): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`)
    else if (text !== undefined) this.line(text)
  }

  /** A result that has no event name: `bt show`. */
  json(facts: Facts): void {
    process.stdout.write(`${JSON.stringify(facts)}\n`)
  }

  /** A plain line; silent with --json. */
  line(text: string): void {
    if (this.isJson) return
    this.#live?.clear()
    process.stdout.write(`${text}\n`)
    this.#live?.redraw()
  }

  /** A word about something that went wrong and does not end the command: stderr. */
  warn(text: string): void {
    this.#live?.clear()
    process.stderr.write(`bt: ${text}\n`)
    this.#live?.redraw()
  }

  /** The display that is drawn now, if any: lines are printed above it. */
  attach(live: LiveLine | undefined): void {
    this.#live = live
  }
}

export interface LiveLine {
  clear(): void
  redraw(): void
}
