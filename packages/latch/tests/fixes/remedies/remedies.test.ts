/** What errors of the library say to do works. */
import { describeFollowed } from './followed.ts'
import { REMEDY_CASES } from './index.ts'

describeFollowed(REMEDY_CASES)
