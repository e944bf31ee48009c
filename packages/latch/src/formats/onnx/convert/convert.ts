/**
 * Converts the graph of a sequence model, as exported by PyTorch, tf2onnx or Latch, to a chain of layers. For any other
 * graph, the error names the node that cannot be converted.
 */
import { readUpTo } from '../../fixes.ts'
import { cellNames } from '../../../cells/registry.ts'
import { describeReordering, getClassName } from '../../gateOrders.ts'
import { FormatError, UnsupportedError, UsageError } from '../../../core/errors.ts'
import type { ImportedModel, ImportOptions } from '../../imported.ts'
import { resolveOutputActivation, lossForActivation, getOutputWidth } from '../../outputActivation.ts'
import { tokensByOptions } from '../../text/tokensById.ts'
import type { OnnxModel } from '../graph.ts'
import { compileLayers, type CompiledLayers } from './compile.ts'
import { describeAxes, describeValue, NodeConverter } from './context.ts'
import { interpretGraph, type Interpretation } from './graph.ts'
import { getNumber, type Axis, type SequenceValue } from './values.ts'
import { listNodes, reaches } from './model.ts'
import type { IrNode } from './nodes.ts'
import { withFeaturesLast } from './turns.ts'
import { TOKEN_KINDS } from '../../../text/tokenizer.ts'

/** The graph's values for the network's input and output, to run both on the same batch. */
export interface GraphPlaces {
  input: string
  lengths: string | null
  output: string
  /** Whether the graph's output includes the output activation. */
  answered: boolean
  /** Whether the time axis comes before the batch axis. */
  inputTimeFirst: boolean
  outputTimeFirst: boolean
  /** The batch size, if it is fixed in the graph. */
  sequences: number | null
}

/** A converted graph. */
export interface ConvertedModel extends ImportedModel {
  places: GraphPlaces
}

interface Found {
  name: string
  sequence: SequenceValue
}

/**
 * Converts a graph. `source` names the file in errors; `options.upTo` names the node or value to end at.
 * @throws UnsupportedError for a graph that is not a chain of Latch's layers; it names the node and its operator
 */
export function convertOnnx(model: OnnxModel, source: string, options: ImportOptions = {}): ConvertedModel {
  const interpretation = interpretGraph(model, source)
  const wanted = options.upTo === undefined ? outputsOf(model) : [findUpTo(model, source, options.upTo)]
  const { chosen: found, omitted } = choose(interpretation, source, wanted)
  const chosen = { ...found, sequence: asRows(model, interpretation, found) }
  const compiled = compileLayers(chosen.sequence.tip, source, interpretation.context.maskZero)
  const places = findPlaces(model, interpretation, chosen, compiled)
  for (const name of model.unread ?? []) omitted.push(`initializer ${name}`)
  if (options.upTo !== undefined) omitted.push(`What follows ${options.upTo}`)
  return { ...describe(model, interpretation, compiled, places, options), omitted, places }
}

/** An output whose last axis is the steps, as rows of features. */
function asRows({ nodes }: OnnxModel, { context }: Interpretation, { name, sequence }: Found): SequenceValue {
  const node = nodes.find(({ outputs }) => outputs.includes(name))
  return node && sequence.axes.length === 3
    ? withFeaturesLast(new NodeConverter(context, node), sequence)
    : sequence
}

const outputsOf = ({ outputs }: OnnxModel) => outputs.map(({ name }) => name)

function findUpTo({ nodes }: OnnxModel, source: string, upTo: string): string {
  const node = nodes.find(({ name }) => name === upTo)
  const value =
    node?.outputs.find(Boolean) ?? nodes.flatMap(({ outputs }) => outputs).find((name) => name === upTo)
  if (value) return value
  const names = nodes.slice(0, 20).map(({ name }) => name)
  throw new UsageError({
    where: source,
    expected: `a node or value of the graph (${names.join(', ')}${nodes.length > 20 ? ', …' : ''})`,
    got: `'${upTo}'`,
    fix: readUpTo(),
  })
}

/**
 * Chooses the output with the longest chain of layers: `probabilities` rather than `logits`. Outputs that are not part
 * of this chain are omitted.
 */
function choose(interpretation: Interpretation, source: string, names: readonly string[]) {
  const found: Found[] = []
  const omitted: string[] = []
  let failure: UnsupportedError | null = null
  for (const name of names) {
    const value = interpretation.values.get(name)
    if (value?.kind === 'sequence') found.push({ name, sequence: value })
    else {
      const why = value?.kind === 'refused' ? value.error.message : value ? describeValue(value) : 'no value'
      omitted.push(`Output ${name}: ${why}`)
      if (value?.kind === 'refused') failure ??= value.error
    }
  }
  if (!found.length)
    throw (
      failure ?? new UnsupportedError({ where: source, expected: 'outputs of layers', got: names.join(', ') })
    )
  const depth = ({ sequence }: Found) => measureDepth(sequence.tip)
  const chosen = found.reduce((best, other) => (depth(other) > depth(best) ? other : best))
  for (const { name, sequence } of found) {
    if (!reaches(chosen.sequence.tip, sequence.tip))
      omitted.push(`Output ${name}: another chain than ${chosen.name}`)
  }
  return { chosen, omitted }
}

const measureDepth = (tip: IrNode) => listNodes(tip).length

function findPlaces(
  model: OnnxModel,
  { context }: Interpretation,
  { name, sequence }: Found,
  { input, outputActivation }: CompiledLayers,
): GraphPlaces {
  if (sequence.fill?.mask === 'last')
    throw new FormatError({ where: name, expected: 'all steps', got: 'the last ones' })
  // If no operator determines the time axis, the batch axis comes first.
  const inputTimeFirst = context.time === 'input 0'
  const roles = sequence.axes
    .filter(({ role }) => role !== 'one' && role !== 'direction')
    .map(({ role }) => role)
  checkOutput(context.source, name, sequence.axes)
  const lengths = context.ragged
    ? (model.inputs.find(({ shape }) => shape?.length === 1)?.name ?? null)
    : null
  return {
    input: input.name,
    lengths,
    output: name,
    answered: outputActivation !== 'linear',
    inputTimeFirst,
    outputTimeFirst: roles[0] === (context.time ?? 'input 1') && roles[1]?.startsWith('input'),
    sequences: context.sequences,
  }
}

function checkOutput(source: string, name: string, axes: readonly Axis[]): void {
  const odd = axes.find(
    ({ role, size }) => role === 'merged' || (role === 'direction' && getNumber(size) !== 1),
  )
  const inputs = axes.filter(({ role }) => role.startsWith('input')).length
  const feature = axes.findIndex(({ role }) => role === 'feature')
  if (!odd && inputs > 0 && (feature < 0 || feature === axes.length - 1)) return
  throw new UnsupportedError({
    where: `${source}, output '${name}'`,
    expected: '(batch, time, features) or (batch, features)',
    got: describeAxes(axes),
  })
}

function describe(
  model: OnnxModel,
  { context }: Interpretation,
  compiled: CompiledLayers,
  places: GraphPlaces,
  options: ImportOptions,
): Omit<ImportedModel, 'omitted'> {
  const { network, weights, layers } = compiled
  const { kind, width } = compiled.input
  const { metadata } = model
  const shape = model.inputs.find(({ name }) => name === places.input)?.shape
  const steps = shape?.[places.inputTimeFirst ? 0 : 1]
  const outputActivation = resolveOutputActivation(
    compiled.outputActivation,
    network.layers,
    getOutputWidth(network.layers),
    options.outputActivation,
  )
  const said = metadata.get('tokens')
  const tokens = options.tokens ?? TOKEN_KINDS.find((name) => name === said)
  return {
    format: 'onnx',
    producer: model.producer,
    network: { ...network, loss: { type: lossForActivation(outputActivation) ?? 'meanSquaredError' } },
    weights,
    outputActivation,
    input: { kind, width, steps: typeof steps === 'number' ? steps : null },
    // Labels in the metadata belong to the outputs of the whole graph.
    labels: options.labels ?? (options.upTo === undefined ? parseList(metadata.get('labels')) : null),
    ...tokensByOptions({ ...options, tokens }, context.source, parseList(metadata.get('vocabulary'))),
    layers,
    warnings: collectWarnings(context.warnings, compiled, places),
    stateful: false,
    document: null,
  }
}

/** The list of strings in a metadata entry; null for any other value, as other programs may use the same key. */
function parseList(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null
  } catch {
    return null
  }
}

function collectWarnings(
  found: ReadonlySet<string>,
  { layers }: CompiledLayers,
  { inputTimeFirst, input, lengths, sequences }: GraphPlaces,
): string[] {
  const types = layers.map(({ type }) => type)
  const reordered = cellNames.filter((cell) => {
    const op = getClassName('onnx', cell)
    return op !== undefined && types.some((type) => type.startsWith(op))
  })
  const before = layers.some(({ conventions }) => conventions.includes('reset before'))
  const after = layers.some(({ conventions }) => conventions.includes('reset after'))
  return [
    ...reordered.flatMap((cell) => describeReordering('onnx', cell) ?? []),
    ...(after ? ['linear_before_reset 1: the reset gate comes after the product'] : []),
    ...(before ? ['linear_before_reset 0: the reset gate comes before the product'] : []),
    ...(inputTimeFirst
      ? [`Input ${input} has time first: (time, batch) in the file, (batch, time) here`]
      : []),
    ...(lengths ? [`Input ${lengths} is the lengths of the batch`] : []),
    ...(sequences ? [`The file has a fixed batch size of ${sequences}; Latch accepts any`] : []),
    ...found,
  ]
}
