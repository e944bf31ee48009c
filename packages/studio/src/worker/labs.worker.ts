/** The worker of the lessons' experiments, on the real engine. */
import { labMethods } from '../experiments/index.ts'
import { serve } from './remote.ts'

serve(labMethods)
