/** What errors of the command line say to do works. */
import { describeFollowed } from '../../../latch/tests/fixes/remedies/followed.ts'
import { COMMAND_CASES } from './commandCases.ts'

describeFollowed(COMMAND_CASES)
