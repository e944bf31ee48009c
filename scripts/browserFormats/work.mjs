/** What Node and a page both do with a model file: open it, ask it, write it in every format, read that back. */

/** Texts for models that read text and know these words. */
const TEXTS = ['you are not good', 'this is a bad day', 'good', 'you are a kind and lovely song of sorrow']
const LENGTHS = [5, 2, 7, 1]

/**
 * Opens a case's files (name → bytes, the first is the model) and says what it answers.
 * @param formats the exports of `latch/formats`
 */
export async function openHere(formats, files, { options = {}, engine = {} } = {}) {
  const [[name, bytes]] = files
  const model = await formats.openModel({ name, bytes, files }, { ...options, engine })
  const inputs = inputsOf(model)
  const answers = answersOf(model, inputs)
  const rows = rowsOf(model, inputs)
  const { name: build, threadsNote } = model.network.engine
  return {
    model,
    inputs,
    said: { answers, rows, parameters: model.network.parameterCount },
    build,
    threadsNote,
  }
}

/** Writes an open model in every format and reads each back; by format the files and answers, or why there are none. */
export async function exportHere(formats, { model, inputs }, { engine = {} } = {}) {
  const out = {}
  for (const to of formats.EXPORT_FORMATS) {
    try {
      const files = await filesOf(await model.exportTo(formats.exporters[to]))
      const [[name, bytes]] = files
      const back = await formats.openModel({ name, bytes, files }, { engine })
      out[to] = { files: await digests(files), answers: answersOf(back, inputs), rows: rowsOf(back, inputs) }
      back.network.dispose()
    } catch (error) {
      if (error.name !== 'UnsupportedError') throw error
      out[to] = { refused: error.message }
    }
  }
  return out
}

/** Two steps of fine-tuning towards made-up targets, and the file that is saved then; null: no sequence model. */
export async function trainHere({ model, inputs }) {
  if (!model.input) return null
  const rows = model.predict(inputs).map(({ steps, output, label }, i) => {
    const target = label === null ? output.map(() => 0.5) : i % model.labels.length
    return { input: inputs[i], target: steps ? steps.map(() => target) : target }
  })
  await model.fit(rows, { epochs: 1, batchSize: Math.ceil(rows.length / 2), seed: 1 })
  return { learned: rowsOf(model, inputs), file: await digests(new Map([['saved', model.toBytes()]])) }
}

/** Exported files in memory by name. */
export async function filesOf(exported) {
  const files = new Map()
  for (const { name, chunks } of exported) {
    const parts = Array.from(chunks, (chunk) => Uint8Array.from(chunk))
    files.set(name, new Uint8Array(await new Blob(parts).arrayBuffer()))
  }
  return files
}

/** Inputs that every host makes alike: ragged, unless the file fixes its steps. */
function inputsOf(model) {
  if (!model.input) return TEXTS
  const { kind, width, steps } = model.input
  const draw = numbers()
  const value = () => (kind === 'ids' ? draw() % width : ((draw() % 513) - 256) / 128)
  const row = kind === 'ids' ? value : () => Array.from({ length: width }, value)
  const lengths = steps === null ? LENGTHS : [steps, steps]
  return lengths.map((length) => Array.from({ length }, row))
}

/** The same whole numbers on every host (a linear congruence; its high bits). */
function numbers() {
  let state = 7
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 12
  }
}

/** A sequence's numbers: of every step, where there are those; of a classifier of texts its probabilities. */
function answersOf(model, inputs) {
  if (!model.input) return inputs.map((text) => Object.values(model.predict(text).probabilities))
  return model.predict(inputs).map(({ steps, output }) => (steps ?? [output]).flat())
}

/** The network's own rows, before a host's `Math.exp` makes probabilities of them; none of a classifier of texts. */
function rowsOf(model, inputs) {
  if (!model.input) return []
  const { network } = model
  return inputs.map((input) => {
    const batch = model.pack([input])
    network.forward(batch)
    return Array.from(network.readOutput(batch))
  })
}

async function digests(files) {
  const out = {}
  for (const [name, bytes] of files) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    out[name] = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return out
}
