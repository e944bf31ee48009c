/**
 * Cells of any form: the three cells' names and stages with the general kernels of an engine (engine/general).
 * Loaded by `latch/formats` only; model/moreLayers.ts announces it to the registry.
 */
import type { Engine } from '../engine/engine.ts'
import { generalKernels, type GeneralStage } from '../engine/generic/index.ts'
import { UsageError } from '../core/errors.ts'
import { sameActivation, settleActivation, type ActivationChoice } from './activations.ts'
import { recordHidden, type Cell, type CellFunctions, type Stage } from './cell.ts'
import { gruResetAfter, gruResetBefore } from './gru.ts'
import { lstm } from './lstm.ts'
import { cellOf, type CellForm } from './registry.ts'
import { rnnTanh } from './rnn.ts'

/** A cell of any form on an engine: the fast one where the form says no more than it does. */
export function generalCells(form: CellForm, engine: Engine | undefined): Cell {
  const { cell, reset, clip, peepholes, coupled } = form
  const functions = functionsOf(form)
  const { gate, candidate, state } = functions
  const is = (a: ActivationChoice, b: ActivationChoice) => sameActivation(a, b)
  const plain = clip === undefined && !peepholes && !coupled
  if (plain && cell === 'rnn' && (is(candidate, 'tanh') || is(candidate, 'relu')))
    return cellOf({ cell, activation: candidate.type })
  const usual = is(gate, 'sigmoid') && is(candidate, 'tanh') && (cell === 'gru' || is(state, 'tanh'))
  if (plain && cell !== 'rnn' && usual) return cellOf({ cell, reset })
  if (engine) return generalCell(form, engine)
  throw new UsageError({ where: 'cell', expected: 'the engine that a general cell computes on', got: 'none' })
}

/** A cell with the general kernels, even where the fast one would do. */
export function generalCell(form: CellForm, engine: Engine): Cell {
  const functions = functionsOf(form)
  const kernels = generalKernels(engine)
  const shared = { functions, keepsSlopes: true, solo: true }
  if (form.cell === 'rnn') {
    const stages = [withKernels(rnnTanh.stages[0], kernels.rnn(functions), true)]
    return { ...rnnTanh, ...shared, stages }
  }
  if (form.cell === 'lstm') {
    const stages = [withKernels(lstm.stages[0], kernels.lstm(functions), true)]
    const savedName = `${functions.state.type}(cell)`
    const ownParameters = functions.peepholes ? [{ name: 'weight_ph', rows: 3 }] : []
    const biasOne = functions.coupled ? null : lstm.biasOne
    return { ...lstm, ...shared, stages, savedName, ownParameters, biasOne }
  }
  if (form.reset !== 'before') {
    const stages = [withKernels(gruResetAfter.stages[0], kernels.gru(functions), false)]
    return { ...gruResetAfter, ...shared, stages }
  }
  const parts = kernels.gruResetBefore(functions)
  const stages = gruResetBefore.stages.map((stage, s) => withKernels(stage, parts[s], false))
  return { ...gruResetBefore, ...shared, stages }
}

/** Peepholes and coupled gates are an LSTM's; others leave them aside. */
function functionsOf(form: CellForm): CellFunctions {
  const { cell, activation = 'tanh', gateActivation = 'sigmoid', stateActivation = activation } = form
  const isLstm = cell === 'lstm'
  return {
    gate: settleActivation(gateActivation),
    candidate: settleActivation(activation),
    state: settleActivation(stateActivation),
    clip: form.clip ?? null,
    peepholes: isLstm && form.peepholes === true,
    coupled: isLstm && form.coupled === true,
  }
}

/** GRU kernels record ∂L/∂h_t themselves. */
function withKernels(stage: Stage, kernels: GeneralStage, records: boolean): Stage {
  return {
    ...stage,
    forward: (_, step) => kernels.forward(step),
    backward(own, step) {
      kernels.backward(step)
      if (records) recordHidden(own, step)
    },
  }
}
