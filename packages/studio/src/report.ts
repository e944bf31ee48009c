/** The report's entry: one model and one text, put into the page by `latch inspect --html`. */
import { mount } from 'svelte'
import Report from './Report.svelte'
import './app.css'

mount(Report, { target: document.getElementById('app')! })
