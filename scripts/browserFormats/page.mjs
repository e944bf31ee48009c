/** The page: loads the entry point, then does what the test asks. Bytes come as ArrayBuffers from the server of this page. */
import { runKeras, runOnnx } from './peers.mjs'
import { exportHere, openHere, trainHere } from './work.mjs'

const formats = await import('/bundle/formats.js')
let opened = null

globalThis.work = {
  async open(number, names, how) {
    opened = await openHere(formats, await fetched(number, names), how)
    const { said, build, threadsNote } = opened
    return { ...said, build, threadsNote }
  },
  train: () => trainHere(opened),
  exportAll: (how) => exportHere(formats, opened, how),
  async onnx(number, names) {
    return runOnnx(formats, await fetched(number, names))
  },
  async tfjs(number, names) {
    return runKeras(formats, await fetched(number, names))
  },
}

async function fetched(number, names) {
  const files = new Map()
  for (const name of names) {
    const response = await fetch(`/files/${number}/${name}`)
    if (!response.ok) throw new Error(`${name}: ${response.status}`)
    files.set(name, new Uint8Array(await response.arrayBuffer()))
  }
  return files
}
