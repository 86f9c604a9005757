import { describe, expect, test } from 'vitest'
import { fromHex, Prng } from '@bt/primitives'
import { safeName } from '@bt/metainfo'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { foldName, numberedName } from '../src/safe-name.ts'
import { safePath } from '../src/safe-path.ts'
import { expectInside, expectSafeName } from './safe-paths.ts'
import { utf8 } from './made.ts'

const safe = (text: string): string | undefined => safeName(utf8(text))

describe('names', () => {
  test('ordinary names of any script stay as they are', () => {
    for (const name of [
      'a.txt',
      '日本語😀.txt',
      'العربية',
      '.bashrc',
      '-rf',
      '~root',
      "it's $(me) & `you`",
      '१२',
      '／',
      'ﷺ.e',
      '👨‍👩‍👧.png',
      'e\u0301',
    ]) {
      expect(safe(name)).toBe(name)
    }
  })

  test('[B01] separators are dropped, dots alone name nothing, NUL is blanked', () => {
    expect(safe('.')).toBeUndefined()
    expect(safe('..')).toBeUndefined()
    expect(safe('...')).toBe('_')
    expect(safe('')).toBe('_')
    expect(safe('/')).toBe('_')
    expect(safe('/etc/passwd')).toBe('etcpasswd')
    expect(safe('..\\..\\x')).toBe('....x')
    expect(safe('\\\\server\\share')).toBe('servershare')
    expect(safe('C:\\Windows')).toBe('C_Windows')
    expect(safe('good.txt\0.sh')).toBe('good.txt_.sh')
    expect(safe('/..')).toBe('_')
  })

  test('[B02] bytes that are not UTF-8 are blanked once and nothing is decoded twice', () => {
    const raw = (hex: string): string | undefined => safeName(fromHex(hex) as Uint8Array)
    expect(raw('c0aec0ae')).toBe('__')
    expect(raw('6e616d65e282')).toBe('name_')
    expect(raw('eda080')).toBe('_')
    expect(raw('66f8808080806f')).toBe('f_o')
    expect(raw('d6d0cec42e747874')).toBe('__.txt')
    expect(safe('%2e%2e%2fetc')).toBe('%2e%2e%2fetc')
    expect(safe('..／..／evil')).toBe('..／..／evil')
  })

  test('[B06] device names of Windows, streams and its reserved characters are changed everywhere', () => {
    expect(safe('CON')).toBe('_CON')
    expect(safe('nul.txt')).toBe('_nul.txt')
    expect(safe('com1.tar.gz')).toBe('_com1.tar.gz')
    expect(safe('LPT³')).toBe('_LPT³')
    expect(safe('aux .txt')).toBe('_aux .txt')
    expect(safe('console')).toBe('console')
    expect(safe('com')).toBe('com')
    expect(safe('file.txt:evil.exe')).toBe('file.txt_evil.exe')
    expect(safe('a?b*c|d<e>f"g')).toBe('a_b_c_d_e_f_g')
    expect(safe('abc. . .')).toBe('abc')
    expect(safe('   ')).toBe('_')
  })

  test('[B07] control characters are blanked, direction marks and unseen spaces dropped', () => {
    expect(safe('x\u001b[2J\n')).toBe('x_[2J_')
    expect(safe('a\u007f\u0085b\u2028')).toBe('a__b_')
    expect(safe('photo\u202egnp.exe')).toBe('photognp.exe')
    expect(safe('\u2066a\u200e\ufeffb\u200b')).toBe('ab')
  })

  test('[B08] a name of more than 255 bytes is cut between characters and keeps its extension', () => {
    expect(safe('x'.repeat(255))).toBe('x'.repeat(255))
    expect(safe('x'.repeat(256))).toBe('x'.repeat(240))
    expect(safe(`${'x'.repeat(300)}.mp4`)).toBe(`${'x'.repeat(240)}.mp4`)
    expect(safe('あ'.repeat(100))).toBe('あ'.repeat(80))
    expect(safe(`${'😀'.repeat(80)}.tar`)).toBe(`${'😀'.repeat(60)}.tar`)
    expect(safe(`${'x'.repeat(300)}.${'y'.repeat(300)}`)).toBe('x'.repeat(240))
    expect(safe(`${'x'.repeat(239)}. ${'y'.repeat(100)}`)).toBe('x'.repeat(239))
  })

  test('a numbered name keeps its extension and its length', () => {
    expect(numberedName('bar.txt', 1)).toBe('bar.1.txt')
    expect(numberedName('bar', 12)).toBe('bar.12')
    expect(numberedName('.hidden', 1)).toBe('.hidden.1')
    expect(numberedName('x'.repeat(255), 7)).toBe(`${'x'.repeat(253)}.7`)
    expect(Buffer.byteLength(numberedName(`${'あ'.repeat(83)}.mkv`, 100))).toBeLessThanOrEqual(255)
  })

  test('[B04] names that some file system takes for one fold to one', () => {
    for (const [one, other] of [
      ['README', 'readme'],
      ['É', 'é'],
      ['\u00e9', 'e\u0301'],
      ['Å', '\u212b'],
      ['ς', 'Σ'],
      ['a\u200db', 'ab'],
      ['straße', 'STRASSE'],
    ] as const) {
      expect(foldName(one), `${one} ${other}`).toBe(foldName(other))
    }
    expect(foldName('a')).not.toBe(foldName('b'))
  })
})

describe('any bytes at all', () => {
  test('give a name that is safe, and safe names do not change', () => {
    const random = new Prng('names')
    const pool = [
      '.',
      '..',
      '/',
      '\\',
      ' ',
      ':',
      'con',
      'NUL',
      '\0',
      '\u202e',
      '\u200d',
      'é',
      '😀',
      'a',
      '.txt',
      '\u001b',
      '\ufffd',
    ]
    for (let at = 0; at < 2_000; at++) {
      const parts: Uint8Array[] = []
      for (let part = random.below(8); part >= 0; part--) {
        const bytes = new Uint8Array(random.below(random.below(20) === 0 ? 300 : 4))
        random.fill(bytes)
        parts.push(random.below(2) === 0 ? bytes : utf8(pool[random.below(pool.length)] as string))
      }
      const raw = new Uint8Array(Buffer.concat(parts))
      const name = safeName(raw)
      if (name === undefined) {
        expect(['.', '..']).toContain(Buffer.from(raw).toString())
        continue
      }
      expectSafeName(name)
      expect(safe(name)).toBe(name)
    }
  })

  test('give a path inside the folder, whatever the family of the platform', () => {
    const random = new Prng('paths')
    const pool = ['..', '.', '', '/', 'C:', '\\\\?\\', 'aux', 'a', '\0', '..\u200b', '．．', '.. ']
    for (let at = 0; at < 1_000; at++) {
      const raw = Array.from({ length: 1 + random.below(6) }, () =>
        utf8(
          (pool[random.below(pool.length)] as string) + (pool[random.below(pool.length)] as string),
        ),
      )
      expectInside(safePath(raw, () => 'path'))
    }
  })
})

describeVectors('path-sanitise of libtorrent', (vectors) => {
  const { cases } = JSON.parse(Buffer.from(vectors.bytes('kat/path-sanitise.json')).toString()) as {
    cases: readonly {
      elements_hex: readonly string[]
      libtorrent_posix: string
      libtorrent_windows: string
    }[]
  }
  for (const [at, { elements_hex, libtorrent_windows }] of cases.entries()) {
    test(`case ${at}: ${libtorrent_windows} as on Windows`, () => {
      const path = safePath(
        elements_hex.map((hex) => fromHex(hex) as Uint8Array),
        () => 'path',
      )
      expect(path).toEqual(libtorrent_windows.split('\\'))
      expectInside(path)
    })
  }
})
