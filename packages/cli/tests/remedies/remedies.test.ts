/** What errors of the command line say to do works. */
import { describeFollowed } from '../../../latch/tests/fixes/remedies/followed.ts'
import { COMMAND_CASES } from './commandCases.ts'
import { LANGUAGE_CASES } from './languageCases.ts'

describeFollowed([...COMMAND_CASES, ...LANGUAGE_CASES])
