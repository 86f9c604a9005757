import { library } from '../../tsup.base.ts'

export default library({ index: 'src/index.ts', classic: 'src/classic/index.ts' })
