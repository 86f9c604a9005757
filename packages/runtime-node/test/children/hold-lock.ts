// Takes the lock of a folder, says so, and stays when asked to.
import { lockFolder } from '../../src/folder-lock.ts'

const [folder, mode] = process.argv.slice(2)
await lockFolder(folder as string)
console.log('held')
if (mode === 'stay') setInterval(() => {}, 1000)
