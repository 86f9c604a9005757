import type { Http } from '@bt/ports'
import { expect, test } from 'vitest'
import type { Target, TrackerPorts } from '../src/families.ts'
import { httpCall } from '../src/http-call.ts'

test.each([
  ['http://tracker.example:7969', 'cannot get http://tracker.example:7969: nobody listens'],
  ['http://tracker.example', 'cannot get http://tracker.example/s3cret?left=1: nobody listens'],
])(
  'a tracker that cannot be reached is named by its host, without its path (%s)',
  (host, words) => {
    let said = ''
    const http: Http = {
      request: (_, done) => {
        done(new Error(words) as never, undefined as never)
        return { cancel: () => {} }
      },
    }
    const url = `${host}/s3cret/announce`
    const target = { tracker: url, address: '192.0.2.1', family: 4 } as Target
    httpCall(target, url, { http } as TrackerPorts, {}, (error) => {
      said = error?.message ?? ''
    })
    expect(said).toBe(`${host}: cannot get ${host}: nobody listens`)
  },
)
