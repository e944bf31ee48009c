// Latch in a process of its own; `engine` is relaxed, simd or reference.
import { answer } from '../measure.mjs'
import * as latch from '../../dist/src/node.js'
import * as training from '../../dist/src/training/index.js'
import { measureLatch } from './latchSteps.mjs'

await answer((job) => measureLatch({ ...latch, ...training }, job))
