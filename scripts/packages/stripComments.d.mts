/** Types of stripComments.mjs, for tests. */
export function stripComments(folder: string): void
export function withoutComments(text: string): string
