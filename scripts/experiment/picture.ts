// A plot as one file: SVG with its heading and legend in it, and PNG of that.
import * as Plot from '@observablehq/plot'
import { Resvg } from '@resvg/resvg-js'
import { JSDOM } from 'jsdom'

const WIDTH = 900

export function svgOf(options: Plot.PlotOptions): string {
  const { document } = new JSDOM('').window
  const figure = Plot.plot({
    width: WIDTH,
    document,
    style: { fontFamily: 'sans-serif', background: 'white' },
    ...options,
    figure: true,
  })
  return standalone(figure as HTMLElement)
}

/** A figure with heading and legend as one SVG: text on top, colours below it, the plot under both. */
function standalone(figure: HTMLElement): string {
  const svgs = [...figure.querySelectorAll('svg')]
  const plot = svgs.at(-1) as SVGSVGElement
  const heading = figure.querySelector('h2')?.textContent ?? ''
  const swatches = [...figure.querySelectorAll('span[class*="swatch"]')].filter(
    (each) => each.querySelector('svg') !== null,
  )
  const legend: string[] = []
  let x = 40
  let y = 46
  for (const swatch of swatches) {
    const fill = swatch.querySelector('svg')?.getAttribute('fill') ?? 'black'
    const words = swatch.textContent ?? ''
    const width = 30 + 7 * words.length
    if (x + width > WIDTH - 20) {
      x = 40
      y += 18
    }
    legend.push(`<rect x="${x}" y="${y - 10}" width="11" height="11" fill="${fill}"/>`)
    legend.push(`<text x="${x + 16}" y="${y}" font-size="12">${escaped(words)}</text>`)
    x += width
  }
  const top = swatches.length === 0 ? 36 : y + 12
  const width = Number(plot.getAttribute('width'))
  const height = Number(plot.getAttribute('height')) + top
  plot.setAttribute('y', String(top))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="40" y="24" font-size="16" font-weight="bold">${escaped(heading)}</text>`,
    ...legend,
    plot.outerHTML,
    '</svg>\n',
  ].join('\n')
}

export function pngOf(svg: string): Uint8Array {
  return new Resvg(svg, { fitTo: { mode: 'width', value: 2 * WIDTH } }).render().asPng()
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
