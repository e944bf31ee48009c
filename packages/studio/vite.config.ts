/**
 * Two builds of one source: the studio (static files) and, with `--mode report`, one self-contained page
 * that `latch inspect --html` fills with a model and a text.
 */
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { viteSingleFile } from 'vite-plugin-singlefile'
import { contentPolicy, licences } from './vitePlugins.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig(({ mode }) => {
  const report = mode === 'report'
  const { noting, writing } = licences(report)
  return {
    root: here('.'),
    base: './',
    publicDir: report ? false : 'public',
    plugins: [svelte(), noting(), ...(report ? [viteSingleFile(), contentPolicy()] : []), writing],
    resolve: {
      alias: [
        { find: /^latch$/, replacement: here('../latch/src/index.ts') },
        {
          find: /^latch\/formats$/,
          replacement: here(report ? '../latch/src/tasks/files/openModel.ts' : '../latch/src/formats.ts'),
        },
        { find: /^latch\/(inspection|tables|datasets|training)$/, replacement: here('../latch/src/$1.ts') },
        // A page on its own has no file for its workers: they are in it. Its model is Latch's own file.
        ...(report
          ? [
              { find: /^(.*)\/spawn\.ts$/, replacement: '$1/spawnInline.ts' },
              { find: /^(.*)\/opener\.ts$/, replacement: '$1/openerInline.ts' },
              { find: /^.*\/formats\/write\.ts$/, replacement: here('src/worker/noWriters.ts') },
            ]
          : []),
      ],
    },
    // A module worker from a blob does not start on a page that came from a disk.
    worker: {
      plugins: () => [noting()],
      ...(report
        ? { format: 'iife' as const, rolldownOptions: { output: { codeSplitting: false } } }
        : { format: 'es' as const }),
    },
    build: {
      outDir: here('dist'),
      emptyOutDir: !report,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: report ? here('report.html') : here('index.html') },
    },
  }
})
