// One script and one page, which open from a folder as from a server: nothing is fetched.
import { copyFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { replay: 'src/main.ts' },
  format: ['iife'],
  target: 'es2022',
  platform: 'browser',
  noExternal: [/.*/],
  loader: { '.jsonl': 'text' },
  outExtension: () => ({ js: '.js' }),
  clean: true,
  dts: false,
  onSuccess: async () => copyFileSync('src/page.html', 'dist/index.html'),
})
