/**
 * Builds the network while a Keras configuration is read: layers, weights by name, and the current rows
 * (one per step or one per sequence, their width, the number of steps).
 */
import type { LayerOptions } from '../../../model/config.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { fieldAt, fieldError, readInteger, type Field } from '../../../core/validation.ts'
import { readUpTo } from '../../fixes.ts'
import type { ModelInput } from '../../imported.ts'
import type { KerasDialect } from './activations.ts'
import type { LayerArrays } from './arrays.ts'
import { LayerNames } from '../../../layers/names.ts'
import type { TextInput } from '../../../text/textRules.ts'
import type { TokenKind } from '../../../text/tokenizer.ts'

/** A Keras layer to be read. */
export interface KerasLayer {
  /** `model.h5, layer gru_1` */
  where: string
  name: string
  type: string
  config: Field
  arrays: LayerArrays
  dialect: KerasDialect
  /** A text file of the layer in the archive; null: none. */
  assets(file: string): string | null
  /** Within TimeDistributed: it sees one step at a time. */
  distributed?: true
}

/** How a model reads texts. */
export interface KerasText {
  vocabulary: readonly string[]
  tokens: TokenKind
  textInput: TextInput
}

/** The output of a Keras layer: Latch's name of it, empty for an input that no layer has read, and its rows. */
export interface KerasPlace {
  last: string
  per: 'step' | 'sequence'
  width: number
  steps: number | null
  masked: boolean
  /** Number of the timeline: layers that change the number of steps begin another. */
  timeline: number
  /** Steps of zeros around them, which the layer that reads them adds. */
  zeros: StepsOfZeros | null
}

/** Steps of zeros before and after a sequence, of the Keras layer that adds them. */
export interface StepsOfZeros {
  sides: readonly [before: number, after: number]
  layer: string
}

/** Layers that treat masked steps as any others. */
const WITHOUT_MASK = ['dropout', 'dense', 'activation', 'layerNorm', 'batchNorm', 'concat', 'merge']

/** The network so far. */
export class NetworkBuilder {
  readonly layers: LayerOptions[] = []
  readonly weights = new Map<string, Float32Array>()
  readonly warnings: string[] = []
  readonly omitted: string[] = []
  /** Each Keras layer's output, for branches. */
  readonly outputs = new Map<string, KerasPlace>()
  input: ModelInput | null = null
  per: 'step' | 'sequence' = 'step'
  width = 0
  steps: number | null = null
  /** How texts are read, if a layer says so. */
  text: KerasText | null = null
  /** By recurrent layer: whether its state is kept from call to call. */
  readonly statefulLayers: boolean[] = []
  /** Whether steps may be masked here. */
  masked = false
  /** Steps of zeros that the next layer has to add. */
  zeros: StepsOfZeros | null = null
  /** By Keras layer of attention weights: for how many features it repeats them. */
  readonly repeated = new Map<string, number>()
  /** Shape of the input without the batch, if an InputLayer or the first layer specifies it. */
  inputShape: readonly (number | null)[] | null = null
  #last = ''
  #timeline = 0
  #timelineSteps: number | null = null
  /** The steps that the layer at the beginning of each timeline takes; null: any. */
  readonly #fixedBelow: (number | null)[] = [null]
  /** The features of the input, once a layer reads them. */
  #begun: KerasPlace | null = null
  readonly #names = new LayerNames()

  /** Latch's name of the last layer. */
  get last(): string {
    return this.#last
  }

  /** Adds a layer and returns its name, `recurrent.0`. */
  add(options: LayerOptions): string {
    this.layers.push(options)
    this.#last = this.#names.next(options.type)
    return this.#last
  }

  /** The steps of sequences here, also above a layer that has one row a sequence; null: any number. */
  get timelineSteps(): number | null {
    return this.#timeline > 0 ? this.#timelineSteps : (this.input?.steps ?? null)
  }

  /** The layer just added changed the number of steps to `steps`; `below`: the only number that it takes. */
  beginTimeline(below: number | null = null): void {
    this.#timeline++
    this.#timelineSteps = this.steps
    this.#fixedBelow.push(below)
  }

  /** Ends the mask of the ids, as if no id were padding; false where a layer has used it. */
  endMask(): boolean {
    const [first, ...others] = this.layers
    if (first.type !== 'embedding' || others.some(({ type }) => !WITHOUT_MASK.includes(type))) return false
    this.layers[0] = { ...first, maskZero: false }
    this.masked = false
    for (const place of this.outputs.values()) place.masked = false
    return true
  }

  /** The output here. */
  #place(): KerasPlace {
    const { last, per, width, steps, masked, zeros } = this
    return { last, per, width, steps, masked, zeros, timeline: this.#timeline }
  }

  /** Remembers the output here as that of a Keras layer. */
  keep(name: string): void {
    this.outputs.set(name, this.#place())
  }

  /** The output of a Keras layer. @throws UnsupportedError for token ids */
  placeOf(name: string, layer: Pick<KerasLayer, 'where' | 'arrays'>): KerasPlace {
    const place = this.outputs.get(name)
    if (place && place.last !== '') return place
    this.beginFeatures(layer)
    if (this.#begun) return this.#begun
    throw new UnsupportedError({ where: layer.where, expected: 'an input of features', got: 'token ids' })
  }

  /** Goes on from the output of a Keras layer, which need not be the last one. */
  goTo(name: string, layer: Pick<KerasLayer, 'where' | 'arrays'>): void {
    this.zeros = this.outputs.get(name)?.zeros ?? null
    if (!this.input || this.outputs.get(name)?.last === this.last) return
    const place = this.placeOf(name, layer)
    if (place.last === this.last) return
    this.assertTimeline(name, place, layer)
    const isMasked = [...this.outputs.values()].some(({ masked }) => masked)
    if (place.per === 'step' && isMasked && !place.masked)
      throw new UnsupportedError({
        where: layer.where,
        expected: 'one mask for all layers over steps',
        got: `${name}, whose steps are not masked`,
      })
    this.add({ type: 'concat', inputs: [place.last] })
    this.setRows(place)
  }

  /** @throws UnsupportedError for steps from below a layer that changed their number */
  assertTimeline(
    name: string,
    { per, steps, timeline }: KerasPlace,
    { where }: Pick<KerasLayer, 'where'>,
  ): void {
    if (per === 'sequence' || timeline === this.#timeline) return
    // Permuted twice, steps are as many again.
    const isFixed = this.#fixedBelow[timeline + 1] !== null && this.#fixedBelow[this.#timeline] !== null
    if (isFixed && steps === this.timelineSteps) return
    throw new UnsupportedError({
      where,
      expected: 'steps of the layers right below',
      got: `those of ${name}, whose number another layer changes since`,
    })
  }

  /** Sets what the rows are here. */
  setRows({ per, width, steps, masked }: Omit<KerasPlace, 'last' | 'timeline' | 'zeros'>): void {
    this.per = per
    this.width = width
    this.steps = steps
    this.masked = masked
  }

  /** @throws UnsupportedError for steps of zeros, which only a convolution or a mean of windows adds */
  assertNoZeros(where: string, got: string, zeros = this.zeros): void {
    if (!zeros) return
    throw new UnsupportedError({
      where,
      expected: `Conv1D or AveragePooling1D right above ${zeros.layer}, whose zeros it can add`,
      got,
      fix: readUpTo([...this.outputs.keys()].findLast((name) => this.outputs.get(name)!.zeros === null)),
    })
  }

  /** Removes the last layer, which became the output activation. */
  dropLast(): void {
    this.layers.pop()
  }

  /** Adds a note, once. */
  note(sentence: string): void {
    if (!this.warnings.includes(sentence)) this.warnings.push(sentence)
  }

  /** Token ids, each a row of a table. */
  beginIds(layer: KerasLayer, vocabulary: number, size: number, maskZero: boolean): string {
    if (this.input) {
      throw new UnsupportedError({
        where: layer.where,
        expected: 'an embedding as the first layer',
        got: `an embedding after ${this.last}`,
        fix: readUpTo([...this.outputs.keys()].pop()),
      })
    }
    this.steps = this.inputShape?.[0] ?? null
    this.input = { kind: 'ids', width: vocabulary, steps: this.steps }
    this.width = size
    this.masked = maskZero
    return this.add(
      maskZero ? { type: 'embedding', vocabulary, size, maskZero } : { type: 'embedding', vocabulary, size },
    )
  }

  /** Features, with the width of the input's shape or else of the first kernel (width, …). */
  beginFeatures(layer: Pick<KerasLayer, 'where' | 'arrays'>): void {
    if (this.input) return
    const shape = this.inputShape
    const width = shape?.[shape.length - 1] ?? layer.arrays.shapeAhead()?.[0] ?? null
    const ranks = shape ? shape.length : 2
    if (width === null || ranks < 1 || ranks > 2) {
      const got = shape ? `(batch, ${shape.join(', ')})` : 'no shape'
      throw new UnsupportedError({ where: layer.where, expected: 'an input (batch, steps, features)', got })
    }
    this.width = width
    this.steps = ranks === 2 ? (shape?.[0] ?? null) : 1
    this.input = { kind: 'features', width, steps: this.steps }
    this.add({ type: 'features', width })
    if (ranks === 1) {
      this.note('the input has no time axis: each example is a sequence of one step')
      this.add({ type: 'pool', pooling: 'last' })
      this.per = 'sequence'
    }
    this.#begun = this.#place()
  }

  /** Whether states are kept: those of all recurrent layers or of none. @throws UnsupportedError for some of them */
  stateful(source: string): boolean {
    const [first = false] = this.statefulLayers
    if (this.statefulLayers.every((one) => one === first)) return first
    const expected = 'stateful in all recurrent layers or in none'
    throw new UnsupportedError({ where: source, expected, got: 'some stateful layers' })
  }

  /** The output shape of the last layer, `(batch, 40, 128)`. */
  get shape(): string {
    const added = this.zeros ? this.zeros.sides[0] + this.zeros.sides[1] : 0
    const steps = this.steps === null ? 'steps' : this.steps + added
    return this.per === 'step' ? `(batch, ${steps}, ${this.width})` : `(batch, ${this.width})`
  }
}

/** A size of a layer: a whole number from 1. */
export function readSize(config: Field, ...names: string[]): number {
  const name = names.find((n) => fieldAt(config, n).value !== undefined) ?? names[0]
  return readInteger(fieldAt(config, name), { min: 1, max: 2 ** 26 })
}

/** A flag with a default. @throws FormatError for anything but true, false, 1 and 0 */
export function readFlag(config: Field, name: string, absent = false): boolean {
  const field = fieldAt(config, name)
  const { value } = field
  if (value === undefined || value === null) return absent
  if (value === true || value === 1) return true
  if (value === false || value === 0) return false
  throw fieldError(field, 'true or false')
}
