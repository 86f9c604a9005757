// The built page in a real browser. PICTURE=docs/replay.png keeps what it looked like.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'
const ROOT = join(import.meta.dirname, '..')
const PAGE = pathToFileURL(join(ROOT, 'dist/index.html')).href
const isThere = existsSync(CHROMIUM)
if (!isThere) console.warn('the page is not tried: chromium is not installed')

describe.skipIf(!isThere && process.env['BT_REQUIRE_PEERS'] !== '1')('the page', () => {
  let browser: Browser

  beforeAll(async () => {
    const quiet = [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ]
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet],
    })
  }, 60_000)
  afterAll(() => browser?.close())

  async function opened(hash: string): Promise<{ page: Page; errors: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 940 } })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(PAGE + hash)
    return { page, errors }
  }

  const copies = async (page: Page): Promise<number[]> => {
    const texts = await page.locator('.numbers b').allTextContents()
    return texts.map((text) => Number.parseFloat(text))
  }

  /** How many pixels of a pane have the colour of a crossing transfer. */
  const lit = (page: Page, pane: number): Promise<number> =>
    page
      .locator('canvas')
      .nth(pane)
      .evaluate((canvas) => {
        const element = canvas as unknown as {
          width: number
          height: number
          getContext(kind: '2d'): { getImageData(...area: number[]): { data: Uint8ClampedArray } }
        }
        const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height)
        let count = 0
        for (let at = 0; at < data.length; at += 4) {
          const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3)
          if (red > 180 && green > 80 && green < 160 && blue < 90) count++
        }
        return count
      })

  test('two schemes of one seed stand side by side, and the slider moves both', {
    timeout: 60_000,
  }, async () => {
    const { page, errors } = await opened('#t=24')
    expect(await page.locator('select option').first().textContent()).toContain('bittorrent')
    const [plainNow, ownedNow] = (await copies(page)) as [number, number]
    expect(plainNow).toBeGreaterThan(ownedNow)
    expect(await lit(page, 0)).toBeGreaterThan(100)
    const picture = process.env['PICTURE']
    if (picture !== undefined) await page.screenshot({ path: picture })
    await page.locator('#time').press('End')
    const [plain, owned] = (await copies(page)) as [number, number]
    expect(plain).toBeGreaterThan(3)
    expect(owned).toBeLessThan(1.1)
    expect(await page.locator('.numbers').last().textContent()).toContain('18 of 18 complete')
    expect(errors).toEqual([])
    await page.close()
  })

  test('it plays by itself, pauses at space, and takes another recording', {
    timeout: 60_000,
  }, async () => {
    const { page, errors } = await opened('')
    await page.locator('#speed').selectOption('20')
    await page.waitForFunction('Number(document.getElementById("time").value) > 5')
    await page.locator('h1').click()
    await page.keyboard.press('Space')
    expect(await page.locator('#play').textContent()).toBe('play')
    const at = await page.locator('#time').inputValue()
    await page.waitForTimeout(300)
    expect(await page.locator('#time').inputValue()).toBe(at)
    await page.locator('#files').setInputFiles(join(ROOT, 'samples/office-owned.jsonl'))
    await page.waitForFunction('document.querySelectorAll("select option").length >= 6 + 4')
    await page
      .locator('#files')
      .setInputFiles({ name: 'x.jsonl', mimeType: '', buffer: Buffer.from('no') })
    await page.waitForFunction('document.getElementById("problem").textContent !== ""')
    expect(await page.locator('#problem').textContent()).toBe('x.jsonl: line 1 is no JSON object')
    expect(errors).toEqual([])
    await page.close()
  })
})
