/** The one rule that names layers: a type and a number, `recurrent.1` is the second recurrent layer. */

/** Gives names to layers in their order. */
export class LayerNames {
  readonly #counts = new Map<string, number>()

  /** The name of the next layer of this type, without taking it. */
  peek(type: string): string {
    return layerName(type, this.#counts.get(type) ?? 0)
  }

  /** The name of the next layer of this type. */
  next(type: string): string {
    const name = this.peek(type)
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1)
    return name
  }
}

/** The name of the layer of this type that has `number` layers of its type below it. */
export function layerName(type: string, number: number): string {
  return `${type}.${number}`
}

/** The name of a dense layer's weight: where it is tied, the embedding's table. */
export function denseWeightName(name: string, { tied }: { readonly tied?: boolean }): string {
  return `${tied ? layerName('embedding', 0) : name}.weight`
}

/** The names of all layers of a network, lowest first. */
export function layerNames(layers: readonly { readonly type: string }[]): string[] {
  const names = new LayerNames()
  return layers.map(({ type }) => names.next(type))
}
