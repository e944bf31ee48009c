/**
 * `latch/inspection`: everything that looks into a trained network or model, so that a page which
 * only predicts does not load it. Safe in browsers: no dependency, no file system.
 */
export { traceEncoderDecoder } from './inspection/trace/encoderDecoder.ts'
export { traceBatch } from './inspection/trace/traceBatch.ts'
export { traceSequence } from './inspection/trace/trace.ts'
export { prefixOutputs } from './inspection/trace/prefixes.ts'
export type { ReceptiveField } from './layers/layer.ts'
export type { SequenceTrace } from './inspection/trace/trace.ts'
export type {
  CellStep,
  GateName,
  GateVectors,
  StepGradient,
  Trace,
  TracedAttention,
  TraceCounts,
  TraceLayer,
  TraceStep,
} from './inspection/trace/traceTypes.ts'
export type {
  EncodedInput,
  InspectableModel,
  Subject,
  SubjectInput,
  SubjectTarget,
} from './inspection/trace/subject.ts'
export type {
  FlowLayer,
  FlowStep,
  FlowVerdict,
  GradientFlow,
  GradientContribution,
  JacobianNorms,
} from './inspection/gradients/flowTypes.ts'
export { explain } from './inspection/explain/explain.ts'
export type { ExplainableTrace, ExplainOptions } from './inspection/explain/explain.ts'
export type {
  Explanation,
  Factor,
  FactorSource,
  Term,
  TracedValue,
  TracePlace,
} from './inspection/explain/explanation.ts'
export type {
  DropToken,
  Edit,
  EditPlace,
  SetGate,
  Influence,
  MemoryLayer,
  ReplaceToken,
  SetState,
  TokenInfluence,
} from './inspection/interventions/editTypes.ts'
export { gradientFlow } from './inspection/gradients/gradientFlow.ts'
export { contributionMatrix } from './inspection/gradients/contributions.ts'
export { intervene } from './inspection/interventions/intervene.ts'
export type { EditedTrace, Intervention } from './inspection/interventions/intervene.ts'
export { influence } from './inspection/interventions/influence.ts'
export type { InfluenceOptions } from './inspection/interventions/influence.ts'
export { memory } from './inspection/gradients/memory.ts'
export type { MemoryOptions, RememberedLayer, RememberedStep } from './inspection/gradients/memory.ts'
export { setSpectralRadius, spectralRadii, spectralRadius } from './inspection/gradients/spectrum.ts'
export type { GateRadius, SpectrumPlace } from './inspection/gradients/spectrum.ts'
export { effectiveMemory } from './inspection/gradients/effectiveMemory.ts'
export type { EffectiveMemory } from './inspection/gradients/effectiveMemory.ts'
export { stepTokens } from './layers/windows/receptiveFields.ts'
export { maximum, minimum } from './core/lists.ts'
export { closestName } from './core/knownNames.ts'
export { memorySpan } from './tasks/memorySpan.ts'
export type { MemorySpan, SpanOptions, SpanPoint, SpanTraining } from './tasks/memorySpan.ts'
