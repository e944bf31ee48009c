/** The views by their names in the address, in the order of the tabs; each is loaded when it is first shown. */
import type { Component } from 'svelte'

export interface View {
  id: string
  title: string
  load: () => Promise<{ default: Component }>
}

export const VIEWS: readonly View[] = [
  { id: 'text', title: 'Text', load: () => import('./Text.svelte') },
  { id: 'network', title: 'Unrolled network', load: () => import('./Unrolled.svelte') },
  { id: 'gates', title: 'Gates', load: () => import('./Gates.svelte') },
  { id: 'flow', title: 'Gradient flow', load: () => import('./GradientFlow.svelte') },
  { id: 'arithmetic', title: 'Arithmetic', load: () => import('./Arithmetic.svelte') },
  { id: 'whatif', title: 'What if', load: () => import('./WhatIf.svelte') },
  { id: 'attention', title: 'Attention', load: () => import('./Attention.svelte') },
  { id: 'writing', title: 'Writing', load: () => import('./Writing.svelte') },
  { id: 'compare', title: 'Compare', load: () => import('./Compare.svelte') },
]
