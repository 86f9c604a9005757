import { expect, test } from 'vitest'
import { openDocument } from '../src/index.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

test('only what is asked for is made, and errors name the path', () => {
  const root = openDocument(ascii('d4:infod5:filesld6:lengthi5eed6:lengthi6eee4:name1:xe1:zi1ee'))
  const info = root.need('info')
  expect(info.raw()).toEqual(ascii('d5:filesld6:lengthi5eed6:lengthi6eee4:name1:xe'))
  expect(info.need('name').text()).toBe('x')
  const lengths = [...info.need('files').items()].map((file) => file.need('length').int())
  expect(lengths).toEqual([5, 6])
  const second = [...info.need('files').items()][1]
  expect(second?.path).toBe('info.files[1]')
  expect(second?.need('length').path).toBe('info.files[1].length')
  expect(() => second?.need('path')).toThrow('info.files[1].path is missing')
  expect([...root.entries()].map(([key, value]) => [key, value.type])).toEqual([
    ['info', 'dictionary'],
    ['z', 'integer'],
  ])
  expect(root.value()).toBeInstanceOf(Map)
})
