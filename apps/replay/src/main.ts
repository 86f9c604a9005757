// The page: two films side by side under one clock. Films come with the page, from files, or dropped onto it.
//
// `#t=120` begins at that second, which is how a picture of a moment is linked to.

import bittorrent from '../samples/office-bittorrent.jsonl'
import owned from '../samples/office-owned.jsonl'
import { type Film, FilmError, parseFilm } from './film.ts'
import { Pane } from './pane.ts'

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement

const slider = element('time') as HTMLInputElement
const speed = element('speed') as HTMLSelectElement
const play = element('play') as HTMLButtonElement
const clock = element('clock')
const problem = element('problem')
const films: Film[] = [parseFilm(bittorrent), parseFilm(owned)]
const chosen = [0, 1]
const panes = chosen.map(
  (_, at) => new Pane(at === 0 ? 'left' : 'right', (index) => choose(at, index)),
)

let t = Number(/t=([\d.]+)/.exec(location.hash)?.[1] ?? 0)
let isPlaying = location.hash === ''
let before: number | undefined

element('panes').append(...panes.map((pane) => pane.element))
for (const [at, index] of chosen.entries()) choose(at, index)
slider.addEventListener('input', () => seek(Number(slider.value)))
play.addEventListener('click', () => setPlaying(!isPlaying))
addEventListener('keydown', (event) => {
  if (event.key === ' ' && event.target === document.body) {
    event.preventDefault()
    setPlaying(!isPlaying)
  }
})
const files = element('files') as HTMLInputElement
files.addEventListener('change', () => {
  void open(files.files)
})
addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  void open(event.dataTransfer?.files ?? null)
})
addEventListener('resize', draw)
setPlaying(isPlaying)
requestAnimationFrame(step)

function choose(pane: number, index: number): void {
  chosen[pane] = index
  panes[pane]?.show(films, index)
  slider.max = String(Math.ceil(end())) // its steps must not stop short of the last frame
  draw()
}

/** When the longer of the two is over. */
function end(): number {
  return Math.max(...panes.map(({ film }) => film?.frames.at(-1)?.t ?? 0))
}

function seek(to: number): void {
  t = Math.min(end(), Math.max(0, to))
  draw()
}

function setPlaying(now: boolean): void {
  isPlaying = now
  play.textContent = isPlaying ? 'pause' : 'play'
  if (isPlaying && t >= end()) t = 0
}

function step(now: number): void {
  const seconds = (now - (before ?? now)) / 1000
  before = now
  if (isPlaying) {
    seek(t + seconds * Number(speed.value))
    if (t >= end()) setPlaying(false)
  }
  requestAnimationFrame(step)
}

function draw(): void {
  slider.value = String(t)
  clock.textContent = `${t.toFixed(0)} s of ${end().toFixed(0)} s`
  for (const pane of panes) pane.draw(t)
}

/** Adds what was recorded; the newest two are shown. */
async function open(list: FileList | null): Promise<void> {
  problem.textContent = ''
  const known = films.length
  for (const file of list ?? []) {
    try {
      films.push(parseFilm(await file.text()))
    } catch (error) {
      if (!(error instanceof FilmError)) throw error
      problem.textContent = `${file.name}: ${error.message}`
    }
  }
  const last = films.length - 1
  if (last < known) return
  t = 0
  choose(0, last === known ? (chosen[1] as number) : last - 1)
  choose(1, last)
}
