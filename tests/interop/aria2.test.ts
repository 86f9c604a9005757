// Transfers with aria2, both directions.
import { aria2 } from '../support/peers.ts'
import { describeTransfers } from './transfers.ts'

describeTransfers(aria2)
