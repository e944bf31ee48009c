/** Starts the studio; its state is available in the console as `latchStudio`. */
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import { inspector } from './state/inspector.svelte.ts'
import { selection } from './state/selection.svelte.ts'
import { plan } from './state/plan.svelte.ts'
import { bench } from './state/runs.svelte.ts'

mount(App, { target: document.getElementById('app')! })
Object.assign(globalThis, { latchStudio: { bench, inspector, selection, plan } })
