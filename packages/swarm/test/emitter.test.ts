import { expect, test } from 'vitest'
import { Emitter } from '../src/emitter.ts'

interface Events {
  readonly told: { readonly value: number }
}

test('listeners hear in the order they came, until they are undone', () => {
  const heard: string[] = []
  const emitter = new Emitter<Events>(undefined)
  const undo = emitter.on('told', ({ value }) => heard.push(`a${value}`))
  emitter.on('told', ({ value }) => heard.push(`b${value}`))
  emitter.emit('told', { value: 1 })
  undo()
  undo()
  emitter.emit('told', { value: 2 })
  expect(heard).toEqual(['a1', 'b1', 'b2'])
})

test('a listener that throws is logged, and the others hear all the same', () => {
  const logged: unknown[] = []
  const emitter = new Emitter<Events>((level, event, facts) => logged.push([level, event, facts]))
  let heard = 0
  const error = new Error('mine')
  emitter.on('told', () => {
    throw error
  })
  emitter.on('told', () => heard++)
  emitter.emit('told', { value: 1 })
  expect(heard).toBe(1)
  expect(logged).toEqual([['warn', 'listener.threw', { event: 'told', error }]])
})

test('nobody hears anything after clear', () => {
  const emitter = new Emitter<Events>(undefined)
  let heard = 0
  emitter.on('told', () => heard++)
  emitter.clear()
  emitter.emit('told', { value: 1 })
  expect(heard).toBe(0)
})
