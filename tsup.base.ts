// How every package and app is built: ESM only, types bundled, nothing inlined from a dependency.
import { defineConfig, type Options } from 'tsup'

type Entries = Record<string, string>

export const base: Options = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  sourcemap: false,
  clean: true,
  splitting: true,
  treeshake: true,
}

/** A published library: JavaScript and declarations. */
export const library = (entry: Entries, more: Options = {}) =>
  defineConfig({
    ...base,
    entry,
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    ...more,
  })

/** A command: one file to run, no declarations. */
export const app = (entry: Entries, more: Options = {}) =>
  defineConfig({ ...base, entry, dts: false, banner: { js: '#!/usr/bin/env node' }, ...more })
