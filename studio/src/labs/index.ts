/** The lessons' experiments by name: what the labs worker serves. Each lesson's are in a file of their own. */
import type { Served } from '../engine/remote.ts'

export const labMethods: Served = {}
