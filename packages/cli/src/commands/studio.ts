/** `latch studio`: the page where every number of a network can be followed, served to this machine's browser. */
import { Command } from '@commander-js/extra-typings'
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { EXIT_DONE } from '../terminal/exitCodes.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { latchBytes, openAnyModel } from '../options/models.ts'
import { wholeNumber } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { FIRST_PORT, serveStudio, studioPages } from './studioServer.ts'
import type { ServedModel } from './studioServer.ts'

const EXAMPLES = `
Examples:
  $ latch studio
  $ latch studio model.safetensors
  $ latch studio model.onnx
  $ latch studio model.safetensors --port 8080 --no-open`

export function studioCommand(output: Output) {
  return new Command('studio')
    .summary('open the studio: follow, edit and train networks in the browser')
    .description(
      'Serves the studio, a page that computes in the browser, until Ctrl-C; with\n' +
        'a model file of any format it opens that model. Nobody but this machine reaches it\n' +
        '(127.0.0.1), and nothing leaves the machine.',
    )
    .argument('[model]', 'model file to open')
    .option(
      '--port <n>',
      `port to serve at (${FIRST_PORT}, or the next free one)`,
      wholeNumber('--port', { least: 1, most: 65535 }),
    )
    .option('--no-open', 'only print the address; open no browser')
    .option('--json', 'print one JSON object: event, url, port')
    .addHelpText('after', EXAMPLES)
    .action(async (path, flags) => {
      const model = path === undefined ? null : await checkedModel(path)
      const { url, port, close } = await serveStudio(studioPages(), model, flags.port ?? null)
      const interruption = listenForInterrupt(() => undefined)
      if (flags.port === undefined && port !== FIRST_PORT) {
        output.note(`port ${FIRST_PORT} is taken; this studio is at ${port}`)
      }
      output.event({ event: 'studio', url, port })
      const opened = path === undefined ? 'Studio' : `Studio with ${visible(basename(path))}`
      output.say(`${opened}: ${output.colors.cyan(url)}  (Ctrl-C ends it)`)
      if (flags.open && output.isTerminal) openBrowser(url)
      await aborted(interruption.signal)
      await close()
      interruption.release()
      process.exitCode = EXIT_DONE
    })
}

/**
 * A page cannot say as well as the command line what is wrong with a file, nor find what lies beside it: models
 * of other formats are served as Latch's own.
 */
async function checkedModel(path: string): Promise<ServedModel> {
  const opened = await openAnyModel(path, {})
  const bytes = latchBytes(opened)
  opened.model.dispose()
  return { name: basename(path), bytes }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Asks the system for its browser; where there is none, the printed address is enough. */
function openBrowser(url: string): void {
  const openers: Partial<Record<NodeJS.Platform, [string, string[]]>> = {
    darwin: ['open', [url]],
    win32: ['rundll32', ['url.dll,FileProtocolHandler', url]],
  }
  const [command, args] = openers[process.platform] ?? ['xdg-open', [url]]
  spawn(command, args, { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref()
}
