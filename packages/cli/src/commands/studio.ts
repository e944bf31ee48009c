/** `latch studio`: serves the studio, the page for exploring networks, to a browser on this machine. */
import { Command } from '@commander-js/extra-typings'
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { EXIT_DONE } from '../terminal/exitCodes.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { latchBytes, openAnyModel } from '../options/models.ts'
import { wholeNumber } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { builtPages } from '../studio/builtPages.ts'
import { FIRST_PORT, serveStudio } from '../studio/server.ts'
import type { ServedModel } from '../studio/server.ts'

const EXAMPLES = `
Examples:
  $ latch studio
  $ latch studio model.safetensors
  $ latch studio model.onnx
  $ latch studio model.safetensors --port 8080 --no-open`

export function studioCommand(output: Output) {
  return new Command('studio')
    .summary('explore, edit and train networks in the browser')
    .description(
      'Serve the studio until Ctrl-C, and open a model file of any format in it. All computation happens in ' +
        'the browser; the server listens on 127.0.0.1 only.',
    )
    .argument('[model]', 'model file to open')
    .option(
      '--port <n>',
      `port (default: ${FIRST_PORT} or the next free one)`,
      wholeNumber('--port', { least: 1, most: 65535 }),
    )
    .option('--no-open', 'print the address without opening a browser')
    .option('--json', 'print one JSON object: event, url, port')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, flags) => {
      const model = path === undefined ? null : await openServedModel(path)
      const { url, port, close } = await serveStudio(builtPages(), model, flags.port ?? null)
      const interruption = listenForInterrupt(() => undefined)
      if (flags.port === undefined && port !== FIRST_PORT) {
        output.note(`port ${FIRST_PORT} is in use; the studio is served on port ${port}.`)
      }
      output.emit({ event: 'studio', url, port })
      const opened = path === undefined ? 'Studio' : `Studio with ${visible(basename(path))}`
      output.print(`${opened}: ${output.colors.cyan(url)}  (press Ctrl-C to quit)`)
      if (flags.open && output.isTerminal) openBrowser(url)
      await aborted(interruption.signal)
      await close()
      interruption.release()
      process.exitCode = EXIT_DONE
    })
}

/**
 * Opens the model here, where errors are explained and files beside it are found; models of other formats are served
 * as Latch model files.
 */
async function openServedModel(path: string): Promise<ServedModel> {
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

/** Opens the system's browser; where there is none, the printed address is enough. */
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
