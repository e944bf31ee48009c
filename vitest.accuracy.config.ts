/** Trainings on real data that must reach an accuracy threshold: `npm run test:accuracy`. Takes minutes. */
import { defineConfig } from 'vitest/config'
import { alias } from './vitest.config.ts'

export default defineConfig({
  resolve: { alias },
  test: {
    setupFiles: ['tests/setup.ts'],
    env: { LATCH_ENGINE: 'simd' },
    include: ['tests/accuracy/**/*.test.ts'],
    testTimeout: 1_800_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
