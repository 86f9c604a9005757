// Transfers with libtorrent, both directions.
import { libtorrent } from '../support/peers.ts'
import { describeTransfers } from './transfers.ts'

describeTransfers(libtorrent)
