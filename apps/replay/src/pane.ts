// One film beside another: its picture, and its numbers counting up.

import { drawMoment } from './draw.ts'
import { type Counters, countersAt, type Film } from './film.ts'
import { type Places, placesOf } from './places.ts'

export class Pane {
  readonly element: HTMLElement
  readonly #select: HTMLSelectElement
  readonly #canvas: HTMLCanvasElement
  readonly #numbers: HTMLElement
  readonly #bars: HTMLElement
  #film: Film | undefined
  #places: Places | undefined

  /** `chosen` is told the index of another film. */
  constructor(name: string, chosen: (index: number) => void) {
    this.#select = document.createElement('select')
    this.#select.setAttribute('aria-label', `film ${name}`)
    this.#select.addEventListener('change', () => chosen(this.#select.selectedIndex))
    this.#canvas = document.createElement('canvas')
    this.#numbers = part('numbers')
    this.#bars = part('bars')
    this.element = part('pane')
    this.element.append(this.#select, this.#numbers, this.#canvas, this.#bars)
  }

  get film(): Film | undefined {
    return this.#film
  }

  /** All films that may be chosen, and the one shown. */
  show(films: readonly Film[], index: number): void {
    this.#select.replaceChildren(
      ...films.map(
        ({ scenario, scheme, seed }) => new Option(`${scenario} · ${scheme} · seed ${seed}`),
      ),
    )
    this.#select.selectedIndex = index
    this.#film = films[index]
    this.#places = this.#film === undefined ? undefined : placesOf(this.#film)
    this.#bars.replaceChildren(...(this.#film?.sites ?? []).slice(0, BARS_MAX).map(barOf))
  }

  draw(t: number): void {
    const [film, places] = [this.#film, this.#places]
    const context = this.#canvas.getContext('2d')
    if (film === undefined || places === undefined || context === null) return
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio)
    if (this.#canvas.width !== side) {
      this.#canvas.width = side
      this.#canvas.height = side
    }
    const counters = countersAt(film, t)
    drawMoment(context, film, places, t, counters.copies)
    this.#count(film, counters)
  }

  #count(film: Film, { copies, redundancy, crossedBytes, completed }: Counters): void {
    const size = film.pieces * film.pieceLength
    this.#numbers.innerHTML =
      `<b>${redundancy.toFixed(2)} ×</b> into each site` +
      `<span>${bytes(crossedBytes)} crossed</span>` +
      `<span>${completed} of ${film.peers.length} complete</span>`
    const most = Math.max(1, ...copies)
    for (const [site, bar] of Array.from(this.#bars.children).entries()) {
      const [, fill, label] = Array.from(bar.children) as HTMLElement[]
      const now = copies[site] ?? 0
      if (fill !== undefined) fill.style.setProperty('--share', String(now / most))
      if (label !== undefined) label.textContent = `${bytes(now * size)} · ${now.toFixed(2)} ×`
    }
  }
}

/** Sites that get a bar; the others are in the picture. */
const BARS_MAX = 20

function barOf(name: string): HTMLElement {
  const bar = part('bar')
  const title = document.createElement('span')
  title.textContent = name
  bar.append(title, part('fill'), document.createElement('span'))
  return bar
}

function part(name: string): HTMLElement {
  const element = document.createElement('div')
  element.className = name
  return element
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
