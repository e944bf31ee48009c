/** The worker that holds one model: all numbers of the page come from here. */
import { serve } from './remote.ts'
import { runnerMethods } from './runner.ts'

serve(runnerMethods())
