/** `latch inspect` writing files: the numbers in a picture are the trace's, a page holds the model, nothing is half-written. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flowPicture } from '../src/inspect/pictures/flow.ts'
import { gatesPicture } from '../src/inspect/pictures/gates.ts'
import { hasUndrawnGlyphs, renderPng } from '../src/inspect/pictures/png.ts'
import { MAX_MODEL_BYTES, reportPage } from '../src/inspect/reportPage.ts'
import { gradientFlow } from '../../latch/src/inspection/gradients/gradientFlow.ts'
import type { GradientFlow } from '../../latch/src/inspection/gradients/flowTypes.ts'
import type { Trace, TraceStep } from '../../latch/src/inspection/trace/traceTypes.ts'
import { TextClassifier } from '../../latch/src/node.ts'
import { Random } from '../../latch/src/core/random.ts'
import { Workplace, comments, csv, json } from './cliHelpers.ts'

const MODEL = 'model.safetensors'
const TEXT = 'the film was awful </script><b>&"…'
const STRANGE = '</script> مرحبا בעולם 😀 日本 ]]> &amp; "a" \u0007 \ud800 \u202e \uffff'

let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  place.write('train.csv', csv(comments(60)))
  const small = '--units 8 --embedding 4 --epochs 2 --lr 0.05 --text comment --label mood'.split(' ')
  const { code, stderr } = await place.latch(['train', 'train.csv', ...small])
  if (code !== 0) throw new Error(stderr)
})
afterAll(() => place.remove())

const read = (name: string) => readFileSync(place.path(name))

/** What every element with a `<title>` says. */
function titles(svg: string): string[] {
  return [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, words]) => words)
}

/** Width and height of a PNG, from its header. */
function sizeOf(png: Uint8Array): [number, number] {
  const view = new DataView(png.buffer, png.byteOffset)
  expect(Array.from(png.subarray(0, 8))).toEqual([137, 80, 78, 71, 13, 10, 26, 10])
  return [view.getUint32(16), view.getUint32(20)]
}

function sizeOfSvg(svg: string): [number, number] {
  const [, width, height] = /^<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? []
  return [Number(width), Number(height)]
}

/** A trace of an LSTM with made-up numbers. */
function madeTrace(tokens: readonly string[], units: number, seed = 1): Trace {
  const random = new Random(seed, 'trace')
  const vector = (least: number) => Float64Array.from({ length: units }, () => random.between(least, 1))
  const steps = tokens.map((token, t) => {
    const gates = { input: vector(0), forget: vector(0), output: vector(0) }
    const states = { candidate: vector(-1), hidden: vector(-1), cell: vector(-3) }
    const gradient = { hidden: 10 ** (t - tokens.length), cell: t === 0 ? 0 : 1e-3 }
    return { token, id: t, known: t % 2 === 0, gates, ...states, keeps: random.between(0, 1), gradient }
  })
  const layers = [{ layer: 0, direction: 'forward', units, steps }]
  const facts = { text: tokens.join(' '), cell: 'lstm', label: 'good', target: 'good', loss: 0.1 }
  const said = { probabilities: { good: 0.9, bad: 0.1 }, convention: 'keeps = mean of f', steps, layers }
  return { ...facts, ...said } as unknown as Trace
}

describe('latch inspect --svg --png --html', () => {
  it('writes all three beside the JSON, with the numbers of the trace', async () => {
    const files = ['--svg', 'a.svg', '--png', 'a.png', '--html', 'a.html']
    const ran = await place.latch(['inspect', MODEL, TEXT, ...files, '--json'])
    expect(ran.code).toBe(0)
    for (const name of ['a.svg', 'a.png', 'a.html']) {
      expect(ran.stderr).toMatch(new RegExp(`note: Wrote ${name} \\([\\d.]+ [kM]B\\): `))
    }
    const trace = json(ran) as unknown as { steps: (TraceStep & { gates: Record<string, number[]> })[] }
    const svg = read('a.svg').toString()
    const said = new Set(titles(svg))
    trace.steps.forEach((step, t) => {
      const panels: [string, ArrayLike<number>][] = [
        ['input gate i', step.gates.input],
        ['forget gate f', step.gates.forget],
        ['output gate o', step.gates.output],
        ['candidate g', step.candidate],
        ['cell state c', step.cell!],
        ['hidden state h', step.hidden],
      ]
      for (const [name, values] of panels) {
        for (let unit = 0; unit < 8; unit++) {
          expect(said).toContain(`${name}, step ${t}, unit ${unit}: ${values[unit].toFixed(4)}`)
        }
      }
      expect(said).toContain(`keeps, step ${t}: ${step.keeps!.toFixed(4)}`)
    })
    expect(svg).toContain('Keeps = mean of the forget gate f')
    const [width, height] = sizeOfSvg(svg)
    expect(sizeOf(read('a.png'))).toEqual([width * 2, height * 2])
  })

  it('prints what was written, below the prediction', async () => {
    const files = ['--svg', 'written.svg', '--picture', 'flow']
    const { code, stdout, stderr } = await place.latch(['inspect', MODEL, TEXT, ...files])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/\n\nWrote written\.svg \([\d.]+ kB\): gradient flow\.\n$/)
  })

  it('puts the model and the text into the page, byte by byte', async () => {
    const args = ['inspect', MODEL, TEXT, '--html', 'page.html', '--label', 'bad']
    expect((await place.latch(args)).code).toBe(0)
    const page = read('page.html').toString()
    const [, held] = /<script type="application\/json" id="latch-report">([\s\S]*?)<\/script>/.exec(page)!
    const content = JSON.parse(held) as Record<string, string>
    expect(held).not.toContain('<')
    expect(content).toMatchObject({ name: MODEL, text: TEXT, label: 'bad' })
    const bytes = Buffer.from(content.model, 'base64')
    expect(bytes.equals(read(MODEL))).toBe(true)
    expect(TextClassifier.fromBytes(bytes).predict(TEXT)).toBeTruthy()
    // Nothing of it is somewhere else.
    expect(page).not.toMatch(/<(script|link)\b[^>]*\b(src|href)="(?!data:)/)
  })

  it('replaces an old file whole, and leaves nothing beside it', async () => {
    place.write('old.svg', `<svg data-generator="Latch">${'x'.repeat(1e6)}`)
    expect((await place.latch(['inspect', MODEL, 'fine', '--svg', 'old.svg'])).code).toBe(0)
    expect(read('old.svg').toString()).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
    expect(readdirSync(place.folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('a file that cannot be written is reported', () => {
  beforeAll(() => {
    mkdirSync(place.path('folder'))
  })
  const untouched = (name: string) => expect(existsSync(place.path(name))).toBe(false)

  it.each([
    [
      'a folder that is missing',
      ['--svg', 'none/a.svg'],
      1,
      /--svg none\/a\.svg: .*no folder "none"\. *\n? *Create the folder first/,
    ],
    ['a folder', ['--png', 'folder'], 1, /--png folder: expected a file in a writable folder, got a folder/],
    ['the model itself', ['--html', `./${MODEL}`], 2, /--html .*a different file, got the file of the model/],
    ['one file twice', ['--svg', 'b', '--png', './b'], 2, /--png \.\/b: .*got the file of --svg/],
    [
      'a picture without a file',
      ['--picture', 'flow'],
      2,
      /--picture flow: expected `--svg FILE` or `--png FILE`, got neither/,
    ],
    ['a picture of another kind', ['--svg', 'b', '--picture', 'pie'], 2, /one of gates, flow, got "pie"/],
  ])('%s', async (_, args, exit, words) => {
    const before = read(MODEL)
    const { code, stderr } = await place.latch(['inspect', MODEL, 'fine', ...args])
    expect(stderr).toMatch(words)
    expect(stderr).not.toMatch(/\n +at /)
    expect(code).toBe(exit)
    expect(read(MODEL).equals(before)).toBe(true)
    untouched('b')
  })

  it('a text of more tokens than a picture shows', () => {
    const trace = madeTrace(
      Array.from({ length: 401 }, () => 'fine'),
      1,
    )
    for (const draw of [() => gatesPicture(trace), () => flowPicture(trace, flowOf(trace))]) {
      expect(draw).toThrow(
        /picture: expected a text of at most 400 tokens, got 401 tokens\. Shorten the text/,
      )
    }
  })

  it('a model too large for a page, and pages that were not built', async () => {
    const content = { name: 'm', text: 't', label: null, model: new Uint8Array(MAX_MODEL_BYTES + 1) }
    await expect(reportPage(place.folder, content)).rejects.toThrow(
      /--html: expected a model of at most 64 MiB, got 65 MiB\. Use `latch studio`/,
    )
    const small = { ...content, model: new Uint8Array(3) }
    await expect(reportPage(place.folder, small)).rejects.toThrow(/got no page\. Run `npm run build`/)
    const pages = place.path('pages')
    mkdirSync(pages)
    writeFileSync(join(pages, 'report.html'), '<p>no place</p>')
    await expect(reportPage(pages, small)).rejects.toThrow(/got a page without a placeholder for the model/)
  })
})

describe('the gradient flow', () => {
  it('shows the norms of the trace and the verdict of the library', async () => {
    const model = await TextClassifier.load(place.path(MODEL))
    const trace = model.trace(TEXT)
    const flow = gradientFlow(model, TEXT)
    const svg = flowPicture(trace as Trace, flow)
    const said = titles(svg)
    trace.steps.forEach(({ gradient }, t) => {
      expect(said).toContain(`‖∂L/∂h‖, step ${t}: ${gradient.hidden.toPrecision(4)}`)
      expect(said).toContain(`‖∂L/∂c‖, step ${t}: ${gradient.cell!.toPrecision(4)}`)
    })
    expect(svg).toContain(`<desc>${flow.verdict.words}</desc>`)
  })

  it('omits zeros from the logarithmic axis with a note, for norms of any size', async () => {
    const trace = madeTrace(['a', 'b', 'c', 'd'], 2)
    const norms = [0, 1e-300, Number.NaN, 1e300]
    const verdict = { kind: 'vanishing', words: 'vanishing: all <gone>' }
    const steps = norms.map((hidden) => ({ hidden, cell: null }))
    const layers = [{ layer: 0, direction: 'forward', cell: 'rnn', units: 2, steps, verdict }]
    const svg = flowPicture(trace, { loss: 1, layers, verdict } as unknown as GradientFlow)
    expect(titles(svg).filter((words) => words.startsWith('‖∂L/∂h‖'))).toHaveLength(2)
    expect(svg).toContain('2 steps with a norm of 0')
    expect(svg).not.toMatch(/NaN|Infinity/)
    expect(sizeOf(await renderPng(svg))[0]).toBeGreaterThan(1000)
  })
})

describe('pictures of any size and any text', () => {
  it.each([
    [1, 1],
    [1, 512],
    [7, 65],
    [400, 8],
    [400, 512],
  ])('%i tokens, %i units: well-formed, of a viewable size', async (steps, units) => {
    const tokens = Array.from({ length: steps }, (_, t) => `token${t}`)
    const svg = gatesPicture(madeTrace(tokens, units))
    const [width, height] = sizeOfSvg(svg)
    expect([width <= 1200, height <= 1600]).toEqual([true, true])
    expect(svg.length).toBeLessThan(8e6)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(svg).toContain(units > 64 ? `mean of ${Math.ceil(units / 64)} adjacent units` : '<svg')
    // The renderer's XML parser is strict. The largest picture takes it too long.
    const drawn = steps * units < 1e5 ? sizeOf(await renderPng(svg)) : [width * 2, height * 2]
    expect(drawn).toEqual([width * 2, height * 2])
  })

  it('pools to the means of adjacent units', () => {
    const trace = madeTrace(['one'], 130)
    const part = trace.steps[0].hidden.subarray(3, 6)
    const mean = (part[0] + part[1] + part[2]) / 3
    const said = titles(gatesPicture(trace))
    expect(said).toContain(`hidden state h, step 0, units 3 to 5: ${mean.toFixed(4)}`)
    expect(said.some((words) => words.startsWith('hidden state h, step 0, unit 129:'))).toBe(true)
  })

  it('escapes whatever a text holds, and shortens what is long', async () => {
    const tokens = [...STRANGE.split(' '), 'donaudampfschifffahrtsgesellschaft'.repeat(20)]
    const trace = { ...madeTrace(tokens, 4), text: STRANGE, label: '<b>' } as Trace
    for (const svg of [gatesPicture(trace), flowPicture(trace, flowOf(trace))]) {
      expect(svg).toContain('&lt;/script&gt;')
      expect(svg).not.toMatch(/<\/?(script|b)>|\u0007|[\ud800-\udbff](?![\udc00-\udfff])|\u202e|\uffff/)
      expect(svg).toContain('donaudampfschif…')
      expect(sizeOf(await renderPng(svg))[0]).toBeGreaterThan(1000)
    }
  })

  it.each([
    ['Naïve Ωμέγα, привет, שלום, سلام, Հայ, ქართ: “½” … → ∂L/∂h ‖ − × ★ ☺ ⏎', false],
    ['a\u200db\n\u00a0', false],
    ['ordinary 日本', true],
    ['😀', true],
    ['ไทย', true],
    ['ᐃ', true],
  ])('%s: glyphs that the font of PNG pictures lacks: %s', async (words, lacks) => {
    expect(await hasUndrawnGlyphs(gatesPicture({ ...madeTrace(['a'], 1), text: words }))).toBe(lacks)
  })

  it('numbers are drawn in cells that are wide enough, in a readable colour', () => {
    const svg = gatesPicture(madeTrace(['one', 'two'], 4))
    expect(svg).toMatch(/<text [^>]*fill="#ffffff"[^>]*>0\.9\d<\/text>/)
    expect(svg).toMatch(/<text [^>]*fill="#1b1d20"[^>]*>−?0\.[01]\d<\/text>/)
  })
})

function flowOf(trace: Trace): GradientFlow {
  const verdict = { kind: 'healthy', factor: 1, ratio: 1, effectiveLength: null, words: 'healthy: <all>' }
  const steps = trace.steps.map(({ gradient }) => gradient)
  const layers = [{ layer: 0, direction: 'forward', cell: 'lstm', units: 4, steps, verdict }]
  return { tokens: null, loss: 1, target: 0, layers, verdict } as unknown as GradientFlow
}
