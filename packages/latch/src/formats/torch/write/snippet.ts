/**
 * Writes the Python code that loads an exported state_dict: an nn.Module for exactly this network, which packs
 * sequences by their lengths. Its outputs are those of the network, zeros beyond each length.
 */
import { projectedCell } from '../../../layers/recurrent/projected.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { BatchNormOptions } from '../../../layers/batchNorm.ts'
import type { Edge } from '../../../layers/layer.ts'
import { windowsOf, type WindowedOptions } from '../../../layers/windows/windowed.ts'
import type { PoolOptions } from '../../../layers/pooling/pool.ts'
import type { LayerOptions } from '../../../model/config.ts'
import { leastSteps } from '../../../model/outputBatch.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import type { OutputActivation, ExportSource } from '../../imported.ts'
import { fileName } from '../read/latchFile.ts'
import { getClassName } from '../../gateOrders.ts'
import { writeExpression } from './snippetFunctions.ts'
import { assertExpressible } from './expressible.ts'
import { layerName, layerNames } from '../../../layers/names.ts'

/** A layer in Python: the line that creates its module, if it has one, and the lines that run it. */
interface Lines {
  make: string | null
  run: readonly string[]
}

const RUN = `def run(module, x, lengths):
    """Every step's output (zeros beyond each length), and the last hidden states side by side."""
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    y, state = module(packed)
    y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    h = state[0] if isinstance(state, tuple) else state
    return y, torch.cat(tuple(h), 1)
`

const MASK = '        mask = (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]'

const BACKWARDS = `def backwards(x, lengths):
    """The steps of each sequence, last one first."""
    t, n = torch.arange(x.shape[1], device=x.device), lengths[:, None]
    at = torch.where(t < n, n - 1 - t, t)
    return x.gather(1, at[..., None].expand_as(x))
`

/**
 * A runnable program: defines the module, loads the weights with strict checking, and calls the module once. The module
 * takes ids (batch, steps) or features (batch, steps, width), and optionally the lengths (batch).
 * @throws UnsupportedError for layers without a PyTorch module
 */
export function torchSnippet(source: ExportSource): string {
  const { network, outputActivation } = source
  assertExpressible(network.config.layers)
  const lines = listLayers(network)
  const made = lines.flatMap(({ make }) => (make ? [`        ${make}`] : []))
  const run = lines.flatMap((layer) => layer.run.map((line) => `        ${line}`))
  const perStep = network.output.per === 'step'
  const body = run.join('\n')
  const needsMask = perStep || body.includes('mask')
  const helpers = [body.includes('run(') ? RUN : '', body.includes('backwards(') ? BACKWARDS : '']
  return `import torch
from torch import nn
from safetensors.torch import load_file

${helpers.filter(Boolean).join('\n')}
class Model(nn.Module):
    def __init__(self):
        super().__init__()
${made.join('\n') || '        pass'}

    def forward(self, x, lengths=None):
        if lengths is None:
            lengths = torch.full((x.shape[0],), x.shape[1], device=x.device)
${needsMask ? `${MASK}\n` : ''}${body}
        return x${perStep ? ' * mask' : ''}


model = Model()
model.load_state_dict(load_file(${JSON.stringify(fileName(source.name))}), strict=True)
model.eval()
with torch.no_grad():
    print(${activated(outputActivation, `model(${writeExample(network)})`)})
`
}

function writeExample(network: Network): string {
  const [input] = network.config.layers
  const isFixed = internalsOf(network).layers.some(({ timeline }) => timeline?.fixed?.below)
  const steps = isFixed ? leastSteps(network) : 3
  const lengths = `torch.tensor([${steps}, ${isFixed ? steps : 2}])`
  if (input.type === 'features') return `torch.zeros(2, ${steps}, ${input.width}), ${lengths}`
  return `torch.zeros(2, ${steps}, dtype=torch.long), ${lengths}`
}

function activated(outputActivation: OutputActivation, call: string): string {
  if (outputActivation === 'softmax') return `${call}.softmax(-1)`
  if (outputActivation === 'logSoftmax') return `${call}.log_softmax(-1)`
  return outputActivation === 'sigmoid' ? `${call}.sigmoid()` : call
}

function listLayers(network: Network): Lines[] {
  const { layers } = network.config
  const names = layerNames(layers)
  const joined = new Set(layers.flatMap((layer) => ('inputs' in layer ? layer.inputs : [])))
  return layers.map((layer, i) => {
    const name = names[i].replace('.', '')
    const { output } = internalsOf(network).layers[i]
    const widths = [i > 0 ? internalsOf(network).layers[i - 1].output.width : 0, output.width] as const
    const { make, run } =
      layer.type === 'merge'
        ? { make: null, run: mergeLines(layer, network, names) }
        : layer.type === 'batchNorm'
          ? batchNormLines(layer, `self.${name}`, output)
          : writeLines(layer, name, widths)
    return { make, run: joined.has(names[i]) ? [...run, `${name} = x`] : run }
  })
}

function writeLines(layer: LayerOptions, name: string, [input, width]: readonly [number, number]): Lines {
  const module = `self.${name}`
  switch (layer.type) {
    case 'features':
      return { make: null, run: [] }
    case 'oneHot':
      return { make: null, run: [`x = nn.functional.one_hot(x, ${width}).float()`] }
    case 'embedding': {
      const padding = layer.paddingIdx === undefined ? '' : `, padding_idx=${layer.paddingIdx}`
      const make = `${module} = nn.Embedding(${layer.vocabulary}, ${width}${padding})`
      return { make, run: [`x = ${module}(x)`] }
    }
    case 'recurrent':
      return recurrentLines(layer, module, input)
    case 'projectedLstm':
      return recurrentLines(
        { ...layer, type: 'recurrent', cell: projectedCell.name },
        module,
        input,
        layer.projectionSize,
      )
    case 'dropout':
      return { make: `${module} = nn.Dropout(${layer.rate})`, run: [`x = ${module}(x)`] }
    case 'activationPenalty':
      return { make: null, run: [] }
    case 'pool':
      return poolLines(layer, module, width)
    case 'flatten':
      return { make: null, run: flattenLines(layer.steps) }
    case 'dense': {
      const bias = layer.bias === false ? ', bias=False' : ''
      const run = [`x = ${module}(x)`, ...functionLines(writeExpression(layer.activation ?? 'linear'))]
      const make = `${module} = nn.Linear(${input}, ${width}${bias})`
      const tie = `\n        ${module}.weight = self.${layerName('embedding', 0).replace('.', '')}.weight`
      return { make: layer.tied ? make + tie : make, run }
    }
    case 'activation':
      return { make: null, run: functionLines(writeExpression(layer.activation)) }
    case 'layerNorm': {
      const { epsilon = 1e-5, scale = true, centre = true } = layer
      const plain = scale || centre ? '' : ', elementwise_affine=False'
      return { make: `${module} = nn.LayerNorm(${width}, eps=${epsilon}${plain})`, run: [`x = ${module}(x)`] }
    }
    case 'reverse':
      return { make: null, run: ['x = backwards(x, lengths)'] }
    case 'repeat':
      return { make: null, run: [`x = x[:, None].expand(-1, ${layer.steps}, -1)`] }
    case 'permute':
      return { make: null, run: ['x = x.transpose(1, 2)', ...lengthLines] }
    case 'reshape':
      return { make: null, run: [`x = x.reshape(len(x), ${layer.steps}, ${layer.width})`, ...lengthLines] }
    case 'timeSoftmax':
      return { make: null, run: ['x = x.masked_fill(~mask, -torch.inf).softmax(1)'] }
    case 'concat':
      return {
        make: null,
        run: [`x = torch.cat([${layer.inputs.map((of) => of.replace('.', '')).join(', ')}], -1)`],
      }
    case 'conv1d':
    case 'maxPool1d':
    case 'averagePool1d':
      return windowLines(layer, module, input)
    default:
      // Rejected by `assertExpressible` and `exporters`; a new layer type is a compile error here.
      layer.type satisfies
        | 'masking'
        | 'zeroMasked'
        | 'batchNorm'
        | 'merge'
        | 'crf'
        | 'wordCharacters'
        | 'sentenceLabel'
        | 'encoderDecoder'
        | 'pairEmbedding'
        | 'pairFeatures'
      return { make: null, run: [] }
  }
}

/** Rows of whole sequences get an axis of time where they meet steps. */
function mergeLines(
  { operation, inputs }: Extract<LayerOptions, { type: 'merge' }>,
  network: Network,
  names: readonly string[],
): string[] {
  const edges = inputs.map((of) => internalsOf(network).layers[names.indexOf(of)].output)
  const perStep = edges.some(({ per }) => per === 'step')
  const parts = inputs.map(
    (of, i) => of.replace('.', '') + (perStep && edges[i].per === 'sequence' ? '[:, None]' : ''),
  )
  const signs = { add: ' + ', average: ' + ', subtract: ' - ', multiply: ' * ' }
  if (operation === 'maximum' || operation === 'minimum')
    return [`x = ${parts.reduce((a, b) => `torch.${operation}(${a}, ${b})`)}`]
  const all = parts.join(signs[operation])
  return [operation === 'average' ? `x = (${all}) / ${parts.length}` : `x = ${all}`]
}

function functionLines(expression: string | null): string[] {
  return expression ? [`x = ${expression}`] : []
}

function recurrentLines(layer: RecurrentOptions, module: string, input: number, projection?: number): Lines {
  const { cell, units, direction = 'forward', merge = 'concat', returnSequences = true } = layer
  const both = direction === 'bidirectional'
  const options = [
    `${input}, ${units}, batch_first=True`,
    ...(projection === undefined ? [] : [`proj_size=${projection}`]),
    ...(both ? ['bidirectional=True'] : []),
    ...(layer.bias === false ? ['bias=False'] : []),
    ...(isRelu(layer) ? ['nonlinearity="relu"'] : []),
  ]
  const x = direction === 'reverse' ? 'backwards(x, lengths)' : 'x'
  const every = returnSequences
  const run = [`${every ? 'x, _' : '_, x'} = run(${module}, ${x}, lengths)`]
  if (every && direction === 'reverse') run.push('x = backwards(x, lengths)')
  if (both && merge !== 'concat') {
    run.push('a, b = x.chunk(2, -1)')
    run.push({ sum: 'x = a + b', multiply: 'x = a * b', average: 'x = (a + b) / 2' }[merge])
  }
  return { make: `${module} = nn.${getClassName('torch', cell)}(${options.join(', ')})`, run }
}

function isRelu({ activation }: RecurrentOptions): boolean {
  return activation === 'relu' || (typeof activation === 'object' && activation.type === 'relu')
}

function poolLines({ pooling: over }: PoolOptions, module: string, width: number): Lines {
  const run: Record<PoolOptions['pooling'], string[]> = {
    last: ['x = x[torch.arange(len(x)), lengths - 1]'],
    first: ['x = x[:, 0]'],
    max: ['x = x.masked_fill(~mask, -torch.inf).amax(1)'],
    mean: ['x = (x * mask).sum(1) / lengths[:, None]'],
    sum: ['x = (x * mask).sum(1)'],
    attention: [`a = ${module}(x).masked_fill(~mask, -torch.inf).softmax(1)`, 'x = (a * x).sum(1)'],
  }
  const make = over === 'attention' ? `${module} = nn.Linear(${width}, 1, bias=False)` : null
  return { make, run: run[over] }
}

function batchNormLines(
  { epsilon = 1e-5, momentum = 0.1, scale = true, centre = true }: BatchNormOptions,
  module: string,
  { per, width }: Edge,
): Lines {
  const plain = scale || centre ? '' : ', affine=False'
  const make = `${module} = nn.BatchNorm1d(${width}, eps=${epsilon}, momentum=${momentum}${plain})`
  const of = per === 'step' ? `${module}(x.transpose(1, 2)).transpose(1, 2)` : `${module}(x)`
  return { make, run: [`x = ${of}`] }
}

/** Each sequence is padded by itself: what lies behind its last step does not count. */
function windowLines(layer: WindowedOptions, module: string, input: number): Lines {
  const windows = windowsOf(module, layer)
  const { size, stride, dilation, extent } = windows
  const [before, after] = windows.sides!
  const isMax = layer.type === 'maxPool1d'
  const pad = (x: string) =>
    `nn.functional.pad(${x}.transpose(1, 2), (${before}, ${after})${isMax ? ', value=-torch.inf' : ''})`
  const mean = (x: string) => `nn.functional.avg_pool1d(${pad(x)}, ${size}, ${stride}).transpose(1, 2)`
  const counts = layer.type === 'averagePool1d' && (layer.countPadding === true || before + after === 0)
  const run = {
    conv1d: [`x = ${module}(${pad('(x * mask)')}).transpose(1, 2)`],
    maxPool1d: [
      `x = ${pad('x.masked_fill(~mask, -torch.inf)')}`,
      `x = nn.functional.max_pool1d(x, ${size}, ${stride}).transpose(1, 2)`,
    ],
    averagePool1d: [
      `x = ${mean('(x * mask)')}`,
      ...(counts ? [] : [`x = x / ${mean('mask.float()')}.clamp(min=1e-6)`]),
    ],
  }[layer.type]
  const change = windows.keepsLengths
    ? []
    : [`lengths = (lengths + ${before + after - extent}) // ${stride} + 1`, MASK.trim()]
  // Windows behind the last step have nothing in them.
  const clean = isMax ? ['x = x.masked_fill(~mask, 0)'] : []
  if (layer.type !== 'conv1d') return { make: null, run: [...run, ...change, ...clean] }
  const { filters, groups = 1, bias = true } = layer
  const options = [
    ...(stride > 1 ? [`stride=${stride}`] : []),
    ...(dilation > 1 ? [`dilation=${dilation}`] : []),
    ...(groups > 1 ? [`groups=${groups}`] : []),
    ...(bias ? [] : ['bias=False']),
  ]
  const make = `${module} = nn.Conv1d(${[input, filters, size, ...options].join(', ')})`
  return { make, run: [...run, ...change] }
}

/** All sequences have the steps that the layer makes. */
const lengthLines = ['lengths = torch.full_like(lengths, x.shape[1])', MASK.trim()]

function flattenLines(steps: number): string[] {
  return [
    `x = (x * mask)[:, :${steps}]`,
    `x = nn.functional.pad(x, (0, 0, 0, ${steps} - x.shape[1])).flatten(1)`,
  ]
}
