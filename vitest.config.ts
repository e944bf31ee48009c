/** What `npm test` runs. The long trainings on real data have a configuration of their own. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`packages/latch/src/${path}`, import.meta.url))

/** Examples import the package by its name, as a reader's program would. */
export const alias = [
  { find: /^latch$/, replacement: source('node.ts') },
  { find: /^latch\/training$/, replacement: source('training.ts') },
  { find: /^latch\/datasets$/, replacement: source('datasets.ts') },
  { find: /^latch\/inspection$/, replacement: source('inspection.ts') },
  { find: /^latch\/tables$/, replacement: source('tablesNode.ts') },
  { find: /^latch\/formats$/, replacement: source('formatsNode.ts') },
]

export default defineConfig({
  resolve: { alias },
  test: {
    setupFiles: ['tests/setup.ts'],
    include: ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
    exclude: ['tests/accuracy/**', 'packages/studio/tests/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
