/** Svelte 5 in runes mode; TypeScript in components is erased by the compiler. */
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true } }
