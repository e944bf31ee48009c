/** Hosts that lack something: each a fresh process in which it is gone, with the built library. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useEngineModule } from '../../src/engine/givenModule.ts'

const dist = join(import.meta.dirname, '..', '..', 'dist')
const url = (name: string): string => JSON.stringify(pathToFileURL(join(dist, name)).href)

/** Trains and predicts after `prelude`; the label, the engines and the note of the default one. */
async function onHost(prelude: string, entry = 'index.js', before = ''): Promise<Record<string, unknown>> {
  const program = `
const { log } = console
${prelude}
const latch = await import(${url(entry)})
for (const name of ['training', 'inspection', 'datasets', 'tables', 'formats']) await import(${url('')} + '/' + name + '.js')
${before}
const rows = Array.from({ length: 40 }, (_, i) => ({ text: i % 2 ? 'fine day' : 'awful', label: i % 2 ? 'good' : 'bad' }))
const model = latch.textClassifier({ cell: 'gru', units: 4 })
await model.fit(rows, { text: 'text', label: 'label', epochs: 20, seed: 1 })
const { threadsNote: note, name } = latch.describeEngine()
log(JSON.stringify({ label: model.predict('fine day').label, engines: latch.supportedEngines(), name, note }))`
  const args = ['--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Record<string, unknown>
}

const FORBIDDEN = `
const bytes = (await import('node:fs')).readFileSync(new URL(${url('engine.wasm')}))
const wasm = new WebAssembly.Module(bytes)
WebAssembly.Module = new Proxy(WebAssembly.Module, { construct() { throw new WebAssembly.CompileError('disallowed') } })`

test('a host that compiles no WebAssembly from bytes has the reference engine, with a note', async () => {
  expect(await onHost(FORBIDDEN)).toEqual({
    label: 'good',
    engines: ['reference'],
    name: 'reference',
    note: 'Computes on 1 thread: the host compiles no WebAssembly; see `useEngineModule`.',
  })
})

test('there, a module that the host compiled is the engine', async () => {
  expect(await onHost(FORBIDDEN, 'index.js', 'latch.useEngineModule(wasm)')).toEqual({
    label: 'good',
    engines: ['simd', 'reference'],
    name: 'simd',
    note: null,
  })
})

test('a host without WebAssembly has the reference engine', async () => {
  expect(await onHost('delete globalThis.WebAssembly')).toMatchObject({
    label: 'good',
    engines: ['reference'],
  })
})

test('FinalizationRegistry and SharedArrayBuffer may be absent', async () => {
  const prelude = 'delete globalThis.FinalizationRegistry; delete globalThis.SharedArrayBuffer'
  expect(await onHost(prelude)).toMatchObject({ label: 'good' })
  expect(await onHost('delete globalThis.FinalizationRegistry')).toMatchObject({ label: 'good' })
})

test('the entry for browsers needs no process', async () => {
  const prelude = `Object.defineProperty(globalThis, 'process', { get() { throw new Error('process') } })`
  expect(await onHost(prelude)).toMatchObject({ label: 'good' })
})

test('the entry for Node needs no permission to read the environment, as on Deno', async () => {
  const prelude = `process.env = new Proxy({}, { get(_, name) { if (/^LATCH/.test(String(name))) throw new Error('NotCapable') } })`
  expect(await onHost(prelude, 'node.js')).toMatchObject({ label: 'good', note: null })
})

test('anything but the module of the engine is refused', () => {
  const other = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
  expect(() => useEngineModule(other)).toThrow(/`latch\/engine.wasm`.*got another module/)
  expect(() => useEngineModule('/engine.wasm' as never)).toThrow(/got '\/engine.wasm' \(string\)/)
})
