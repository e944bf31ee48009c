/** Types of bundlePage.mjs, for tests. */
import type { OutputChunk } from 'rolldown'
export function bundlePage(source: string): Promise<OutputChunk[]>
export function loadedAtOnce(output: readonly OutputChunk[]): Set<string>
export function modulesOf(output: readonly OutputChunk[]): string[]
