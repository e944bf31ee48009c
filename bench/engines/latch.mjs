// Latch in a process of its own; `engine` is relaxed, simd or reference.
import { answer } from '../measure.mjs'
import * as latch from '../../packages/latch/dist/node.js'
import * as training from '../../packages/latch/dist/training.js'
import { measureLatch } from './latchSteps.mjs'

await answer((job) => measureLatch({ ...latch, ...training }, job))
