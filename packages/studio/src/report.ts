/** Starts the report, which `latch inspect --html` fills with a model and a text. */
import { mount } from 'svelte'
import Report from './Report.svelte'
import './app.css'

mount(Report, { target: document.getElementById('app')! })
