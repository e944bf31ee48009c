/** The lessons in the order of the lecture; each is loaded when it is first opened. */
import type { Component } from 'svelte'

export interface Lesson {
  number: number
  title: string
  /** The topic, in a line. */
  about: string
  load: () => Promise<{ default: Component }>
}

export const LESSONS: readonly Lesson[] = [
  {
    number: 1,
    title: 'Why order matters',
    about: 'and why a feed-forward network fails on sequences',
    load: () => import('./Lesson1.svelte'),
  },
  {
    number: 2,
    title: 'From words to numbers',
    about: 'vocabulary, one-hot, (batch, timesteps, features)',
    load: () => import('./Lesson2.svelte'),
  },
  {
    number: 3,
    title: 'The recurrent network, unrolled',
    about: 'the same weights at every step, with all shapes',
    load: () => import('./Lesson3.svelte'),
  },
  {
    number: 4,
    title: 'Backpropagation through time',
    about: 'the backward pass, one step at a time',
    load: () => import('./Lesson4.svelte'),
  },
  {
    number: 5,
    title: 'What goes wrong',
    about: 'vanishing, exploding, forgetting, slowness',
    load: () => import('./Lesson5.svelte'),
  },
  {
    number: 6,
    title: 'LSTM: three gates and a cell state',
    about: 'Riya is a doctor: where does she live now?',
    load: () => import('./Lesson6.svelte'),
  },
  {
    number: 7,
    title: 'GRU: two gates',
    about: 'Riya moved to London: z high and z low',
    load: () => import('./Lesson7.svelte'),
  },
  {
    number: 8,
    title: 'RNN, LSTM and GRU compared',
    about: 'parameters, time, memory span',
    load: () => import('./Lesson8.svelte'),
  },
  {
    number: 9,
    title: 'The next word',
    about: 'the clouds are in the … ; I grew up in France … I speak fluent …',
    load: () => import('./Lesson9.svelte'),
  },
]
