/** The real files that each reader is attacked with: those beside the project, and the project's own models. */

/** `{ reader: [{ parts: [{ name, bytes }, …siblings], options }] }`; what is absent is left out. */
export function fuzzFiles(root, { existsSync, readFileSync, readdirSync, basename, join }) {
  const conformance = join(root, '../shared/conformance')
  const models = join(conformance, 'models')
  const part = (path, name = basename(path)) => ({ name, bytes: new Uint8Array(readFileSync(path)) })
  const whole = (folder, names) =>
    names.every((name) => existsSync(join(folder, name)))
      ? [{ parts: names.map((name) => part(join(folder, name), name)), options: {} }]
      : []
  const inside = (folder, ending) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true })
          .map(String)
          .filter((name) => name.endsWith(ending))
          .sort()
          .map((name) => ({ parts: [part(join(folder, name))], options: {} }))
      : []
  const charRnn = join(models, 'ml5_charrnn_shakespeare')
  const charRnnFiles = existsSync(charRnn)
    ? [
        'manifest.json',
        ...readdirSync(charRnn)
          .filter((name) => !/manifest|golden|LICENSE/.test(name))
          .sort(),
      ]
    : ['absent']
  const own = join(root, 'tests/golden/formats')
  return {
    latch: inside(join(root, 'studio/public/models'), '.safetensors').slice(0, 4),
    torch: [
      ...inside(join(conformance, 'torch/layers'), '.safetensors'),
      ...inside(join(models, 'silero_vad'), '.safetensors').map((one) => ({
        ...one,
        options: { prefix: 'lstm_cell.' },
      })),
    ],
    onnx: [...inside(join(conformance, 'onnx'), '.onnx'), ...inside(own, '.onnx')],
    keras: [...inside(join(models, 'keras210_qoe'), '.h5'), ...inside(own, '.keras')],
    tfjs: whole(join(models, 'tfjs_lstm_text_generation'), [
      'model.json',
      'group1-shard1of1',
      'group2-shard1of1',
    ]),
    tensorflow1: whole(charRnn, charRnnFiles),
  }
}
