/**
 * The address is the page's state: `#/` the workbench, `#/lessons`, `#/lessons/4`; behind `?` what is
 * shown there. Reading it restores a view, changing the view rewrites it without a new entry in history.
 */
class Route {
  path = $state(pathOf(location.hash))
  query = $state.raw(queryOf(location.hash))

  constructor() {
    addEventListener('hashchange', () => {
      this.path = pathOf(location.hash)
      this.query = queryOf(location.hash)
    })
  }

  /** Puts values into the address; null takes one out. */
  put(values: Record<string, string | null>): void {
    const next = new URLSearchParams(this.query)
    for (const [name, value] of Object.entries(values)) {
      if (value === null || value === '') next.delete(name)
      else next.set(name, value)
    }
    // One state, one address.
    next.sort()
    if (next.toString() === this.query.toString()) return
    this.query = next
    history.replaceState(null, '', `#${this.path}${next.size ? `?${next}` : ''}`)
  }
}

function pathOf(hash: string): string {
  const [path] = hash.replace(/^#/, '').split('?')
  return path.startsWith('/') ? path : '/'
}

/** Also takes `#model=…` without a path, as the command line prints it. */
function queryOf(hash: string): URLSearchParams {
  const text = hash.replace(/^#/, '')
  const at = text.indexOf('?')
  if (at >= 0) return new URLSearchParams(text.slice(at + 1))
  return new URLSearchParams(text.startsWith('/') ? '' : text)
}

export const route = new Route()
