// Promises for the façade: the one place where a completion callback becomes something to await.

import type { Done } from '@bt/ports'

/** Settles as `call` answers. */
export function answer<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error === undefined) resolve(value)
      else reject(error)
    })
  })
}

/** `watch` starts something and answers its undo; an aborted signal undoes it and rejects with the signal's reason. */
export function withSignal<T>(
  signal: AbortSignal | undefined,
  watch: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    let undo = (): void => {}
    const aborted = (): void => {
      undo()
      reject(signal?.reason as Error)
    }
    const over = (): void => {
      undo()
      signal?.removeEventListener('abort', aborted)
    }
    signal?.addEventListener('abort', aborted, { once: true })
    undo = watch(
      (value) => {
        over()
        resolve(value)
      },
      (error) => {
        over()
        reject(error as Error)
      },
    )
  })
}
