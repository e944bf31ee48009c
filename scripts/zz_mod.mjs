import { bundlePage, loadedAtOnce } from './zz_bundle.mjs'
const out = await bundlePage(`import { TextClassifier } from 'latch'
export async function answer(bytes, text) { return TextClassifier.fromBytes(bytes).predict(text) }`)
const first = loadedAtOnce(out)
const code = out.filter(c=>first.has(c.fileName)).map(c=>c.code).join('\n')
import { writeFileSync } from 'node:fs'
writeFileSync(process.argv[2], code)
