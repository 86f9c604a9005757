import { app } from '../../tsup.base.ts'

// Our packages are in the bundle, file by file from their source, so that a command loads what it uses and little else: Node
// takes a millisecond for each file of a module graph, and reads every function of it. `npm run bench -- start` measures it.
export default app(
  { bt: 'src/main.ts' },
  {
    noExternal: [/^@bt\//],
    esbuildOptions: (options) => {
      options.conditions = ['@bt/source']
      // Half as much to read; names stay, for stack traces.
      options.minifyWhitespace = true
      options.minifySyntax = true
    },
  },
)
