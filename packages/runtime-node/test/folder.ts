// A fresh folder for one test, and its removal.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function freshFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'bt-runtime-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
