/** The worker that holds one model: all numbers of the views come from here. */
import { serve } from '../rpc/remote.ts'
import { runnerMethods } from './runner.ts'

serve(runnerMethods())
