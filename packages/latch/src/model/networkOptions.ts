/** What a network is made with, and how a place in it is named. */
import type { EngineOptions } from '../engine/engine.ts'
import type { ParameterInfo } from '../tensors/parameters.ts'
import type { StateName } from '../layers/recurrent/recurrent.ts'

/** Engine, seed and where the weights come from. */
export interface NetworkOptions extends EngineOptions {
  /** Seed of the initial weights. Default 1. */
  seed?: number
  /** Also compute ∂L/∂input of a features input. Default false. */
  inputGradients?: boolean
  /**
   * How many copies of the weights will be needed in all (gradients, optimizer, averages …), so that a
   * network too large to train is refused before its initial weights are made. Default 1.
   */
  copies?: number
  /**
   * Gives each parameter's numbers in PyTorch's order, in place of initial weights. Called for all
   * parameters before memory for them is taken, so that it can refuse shapes that do not fit.
   */
  weights?: (parameter: ParameterInfo) => ArrayLike<number>
}

/** Which state of which recurrent layer. */
export interface StatePlace {
  /** Default 0, the lowest. */
  layer?: number
  /** Default `hidden`. */
  state?: StateName
  /** 0 forward, 1 backward. Default 0. */
  direction?: number
}
