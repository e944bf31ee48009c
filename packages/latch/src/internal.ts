/** Temporary: what the command line takes beside the public entry points. */
export { type StoredArray, type StoredContents } from './formats/keras/read/listing.ts'
export { shapeText } from './formats/safetensors/safetensors.ts'
export { tfjsContents } from './formats/tfjs/index.ts'
export { readManifest } from './formats/tensorflow1/manifest.ts'
export { kerasContents } from './formats/keras/read/contents.ts'
export { layersOf } from './formats/latch/read.ts'
export { OUTPUT_ACTIVATIONS } from './formats/imported.ts'
