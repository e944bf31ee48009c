/** The studio in a real Chromium: `npm run test:studio`. Skipped, and counted so, where there is no browser. */
import { defineConfig } from 'vitest/config'
import { alias } from './vitest.config.ts'

export default defineConfig({
  resolve: { alias },
  test: {
    setupFiles: ['tests/setup.ts'],
    include: ['packages/studio/tests/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
  },
})
