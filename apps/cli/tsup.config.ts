import { readFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { app, base } from '../../tsup.base.ts'

type PluginBuild = Parameters<NonNullable<Options['esbuildPlugins']>[number]['setup']>[0]

// Our packages are in the bundle, from their source. The program is one script, so that its bytecode can be kept
// (src/code-cache.ts): as modules, Node takes a millisecond for each file of the graph, and compiles them anew at each start.
// `npm run bench -- start` measures it.
const program: Options = {
  ...base,
  entry: { program: 'src/main.ts' },
  format: ['cjs'],
  clean: false,
  splitting: false,
  // esbuild's own leaves each `require` in the part of the program that needs it.
  treeshake: false,
  // Commander is needed by every start, and Node would load it file by file.
  noExternal: [/^@bt\//, 'commander'],
  esbuildPlugins: [{ name: 'without-programs', setup: withoutPrograms }],
  // The function that src/code-cache.ts calls.
  banner: {
    js: `(function(require,module,exports,moduleUrl){/* Contains commander.\n\n${licence('commander')}*/`,
  },
  footer: { js: '})' },
  esbuildOptions: (options) => {
    options.conditions = ['@bt/source']
    // Half as much to read; names stay, for stack traces.
    options.minifyWhitespace = true
    options.minifySyntax = true
    options.supported = { 'dynamic-import': false }
    // Given by src/code-cache.ts.
    options.define = { ...options.define, 'import.meta.url': 'moduleUrl' }
  },
}

/** Commands of commander may be programs; ours are not, and to start one it would load all of Node's network first. */
function withoutPrograms(build: PluginBuild): void {
  const filter = /^node:child_process$/
  build.onResolve({ filter }, ({ importer }) =>
    /commander/.test(importer) ? { path: 'nothing', namespace: 'nothing' } : undefined,
  )
  build.onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: '' }))
}

function licence(name: string): string {
  return readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), 'utf8')
}

// Both are built at once: the one leaves what the other writes.
export default [app({ bt: 'src/bt.ts' }, { clean: ['!program.cjs'] }), defineConfig(program)].flat()
