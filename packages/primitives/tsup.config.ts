import { library } from '../../tsup.base.ts'

export default library(
  {
    index: 'src/index.ts',
    'digest-node': 'src/digest-node.ts',
    'digest-plain': 'src/digest-plain.ts',
  },
  { external: ['#digest'] },
)
