import { app } from '../../tsup.base.ts'

export default app({ 'bt-tracker': 'src/main.ts' })
