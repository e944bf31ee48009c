/** The worker of the lessons' experiments, on the real engine. */
import { experiments } from '../experiments/index.ts'
import { serve } from '../rpc/remote.ts'

serve(experiments)
