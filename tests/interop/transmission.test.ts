// Transfers with transmission, both directions.
import { transmission } from '../support/peers.ts'
import { describeTransfers } from './transfers.ts'

describeTransfers(transmission)
