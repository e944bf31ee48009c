/**
 * The door `latch/inspection`: everything that looks into a trained network or model, so that a page which
 * only predicts does not load it. Safe in browsers: no dependency, no file system.
 */
export { traceBatch } from './inspection/traceBatch.ts'
export { traceSequence, KEEPS_CONVENTION } from './inspection/trace.ts'
export { prefixOutputs } from './inspection/prefixes.ts'
export type { SequenceTrace } from './inspection/trace.ts'
export type {
  CellStep,
  GateName,
  GateVectors,
  StepGradient,
  Trace,
  TraceLevel,
  TraceStep,
} from './inspection/traceTypes.ts'
export type { EncodedText, ReadingModel, Subject, SubjectInput, SubjectTarget } from './inspection/subject.ts'
export type {
  FlowLevel,
  FlowStep,
  FlowVerdict,
  GradientFlow,
  GradientShare,
  JacobianNorms,
} from './inspection/flowTypes.ts'
export { explain } from './inspection/explain.ts'
export type { ExplainableTrace, ExplainOptions } from './inspection/explain.ts'
export type {
  Explanation,
  Factor,
  FactorSource,
  Term,
  TracedValue,
  TracePlace,
} from './inspection/explanation.ts'
export type {
  DropToken,
  Edit,
  EditPlace,
  HoldGate,
  Influence,
  MemoryLevel,
  ReplaceToken,
  SetState,
  TokenInfluence,
} from './inspection/editTypes.ts'
export { gradientFlow } from './inspection/gradientFlow.ts'
export { shareMatrix } from './inspection/shares.ts'
export { intervene } from './inspection/intervene.ts'
export type { EditedTrace, Intervention } from './inspection/intervene.ts'
export { influence } from './inspection/influence.ts'
export type { InfluenceOptions } from './inspection/influence.ts'
export { memory } from './inspection/memory.ts'
export type { MemoryOptions, RememberedLevel, RememberedStep } from './inspection/memory.ts'
export { setSpectralRadius, spectralRadii, spectralRadius } from './inspection/spectrum.ts'
export type { GateRadius, SpectrumPlace } from './inspection/spectrum.ts'
export { effectiveMemory } from './inspection/effectiveMemory.ts'
export type { EffectiveMemory } from './inspection/effectiveMemory.ts'
export { memorySpan } from './tasks/memorySpan.ts'
export type { MemorySpan, SpanOptions, SpanPoint, SpanTraining } from './tasks/memorySpan.ts'
