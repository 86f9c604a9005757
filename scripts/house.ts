// Draws docs/house.svg: every package as a house of its files, stacked by layer, with the arrows that the imports make.
// `npm run house` writes it; the tidy test fails when it is not current. Only the code's own imports are drawn.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Room, importsOf, ROOT, rooms, sources } from '../tests/support/sources.ts'

interface House {
  readonly room: Room
  readonly files: readonly {
    readonly name: string
    readonly lines: number
    readonly says: string
  }[]
  readonly below: readonly string[]
  readonly level: number
}

const COLUMN = 250
const LINE = 13
const GAP = 26

/** The drawing as SVG text; the same sources give the same text. */
export function drawHouse(): string {
  const houses = levelled()
  const levels = Math.max(...houses.map(({ level }) => level))
  const parts: string[] = []
  const place = new Map<string, { x: number; y: number; height: number }>()
  let y = GAP
  let width = 0
  for (let level = levels; level >= 0; level--) {
    const floor = houses.filter((house) => house.level === level)
    let x = GAP
    let tallest = 0
    for (const house of floor) {
      const height = 40 + house.files.length * LINE
      place.set(house.room.name, { x, y, height })
      tallest = Math.max(tallest, height)
      x += COLUMN + GAP
    }
    width = Math.max(width, x)
    y += tallest + 3 * GAP
  }
  for (const house of houses) {
    const from = place.get(house.room.name)
    for (const below of house.below) {
      const to = place.get(below)
      if (from === undefined || to === undefined) continue
      const [x1, y1, x2, y2] = [from.x + COLUMN / 2, from.y + from.height, to.x + COLUMN / 2, to.y]
      parts.push(
        `<path d="M${x1} ${y1} C${x1} ${y1 + 2 * GAP} ${x2} ${y2 - 2 * GAP} ${x2} ${y2}" class="arrow" marker-end="url(#head)"/>`,
      )
    }
  }
  for (const house of houses) {
    const at = place.get(house.room.name)
    if (at === undefined) continue
    parts.push(
      `<g transform="translate(${at.x} ${at.y})"><rect width="${COLUMN}" height="${at.height}" rx="6" class="house"/>`,
    )
    parts.push(`<text x="10" y="20" class="name">${escape(house.room.folder)}</text>`)
    for (const [index, file] of house.files.entries()) {
      const top = 40 + index * LINE
      parts.push(
        `<g><title>${escape(file.says)}</title><text x="10" y="${top}">${escape(file.name)}</text>`,
      )
      parts.push(`<text x="${COLUMN - 10}" y="${top}" class="lines">${file.lines}</text></g>`)
    }
    parts.push('</g>')
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="ui-monospace, monospace" font-size="10">`,
    '<style>.house{fill:#fbfaf6;stroke:#555}.name{font-weight:bold;font-size:12px}.lines{text-anchor:end;fill:#888}.arrow{fill:none;stroke:#7a8;stroke-opacity:.55}</style>',
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#7a8"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function levelled(): readonly House[] {
  const all = rooms().map((room) => {
    const files = sources(room)
    const below = new Set<string>()
    for (const source of files)
      for (const specifier of importsOf(source)) {
        const name = /^@bt\/([a-z-]+)/.exec(specifier)?.[1]
        if (name !== undefined && name !== room.name) below.add(name)
      }
    return {
      room,
      below: [...below].toSorted(),
      files: files.map(({ path, text }) => ({
        name: path.slice(room.folder.length + 1).replace(/^src\//, ''),
        lines: text.split('\n').length - 1,
        says: /^\/\/ (.*)/m.exec(text)?.[1] ?? '',
      })),
    }
  })
  const levels = new Map<string, number>()
  const levelOf = (name: string): number => {
    const known = levels.get(name)
    if (known !== undefined) return known
    const below = all.find(({ room }) => room.name === name)?.below ?? []
    const level = below.length === 0 ? 0 : 1 + Math.max(...below.map(levelOf))
    levels.set(name, level)
    return level
  }
  return all.map((one) => ({ ...one, level: levelOf(one.room.name) }))
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

if (process.argv[1]?.endsWith('house.ts') === true)
  writeFileSync(join(ROOT, 'docs/house.svg'), drawHouse())
