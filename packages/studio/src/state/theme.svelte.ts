/** Light or dark colours: the system's setting unless the user chooses; stored in this browser only. */
import type { Scheme } from '../drawing/palette.ts'

const KEY = 'latch-theme'
const system = matchMedia('(prefers-color-scheme: dark)')

class Theme {
  chosen = $state<Scheme | null>(read())
  #system = $state<Scheme>(system.matches ? 'dark' : 'light')

  constructor() {
    system.addEventListener('change', () => (this.#system = system.matches ? 'dark' : 'light'))
    this.#apply()
  }

  get scheme(): Scheme {
    return this.chosen ?? this.#system
  }

  toggle(): void {
    this.chosen = this.scheme === 'dark' ? 'light' : 'dark'
    this.#apply()
    try {
      localStorage.setItem(KEY, this.chosen)
    } catch {
      // A page from the disk (file://) may have no storage: the choice then lasts until the page is closed.
    }
  }

  #apply(): void {
    if (this.chosen) document.documentElement.dataset.theme = this.chosen
  }
}

function read(): Scheme | null {
  try {
    const kept = localStorage.getItem(KEY)
    return kept === 'dark' || kept === 'light' ? kept : null
  } catch {
    return null
  }
}

export const theme = new Theme()
export const calm = matchMedia('(prefers-reduced-motion: reduce)')
