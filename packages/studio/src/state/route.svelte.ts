/**
 * The hash of the address: `#/` is the workbench, `#/lessons` the list, `#/lessons/4` a lesson; the parameters after `?`
 * hold what is shown there. Changing the view rewrites the address without a new history entry.
 */
class Route {
  path = $state(parsePath(location.hash))
  query = $state.raw(parseQuery(location.hash))

  constructor() {
    addEventListener('hashchange', () => {
      this.path = parsePath(location.hash)
      this.query = parseQuery(location.hash)
    })
  }

  /** Sets parameters of the address; null removes one. */
  put(values: Record<string, string | null>): void {
    const next = new URLSearchParams(this.query)
    for (const [name, value] of Object.entries(values)) {
      if (value === null || value === '') next.delete(name)
      else next.set(name, value)
    }
    // The same state always gives the same address.
    next.sort()
    if (next.toString() === this.query.toString()) return
    this.query = next
    history.replaceState(null, '', `#${this.path}${next.size ? `?${next}` : ''}`)
  }
}

function parsePath(hash: string): string {
  const [path] = hash.replace(/^#/, '').split('?')
  return path.startsWith('/') ? path : '/'
}

/** Also takes `#model=…` without a path, as the command line prints it. */
function parseQuery(hash: string): URLSearchParams {
  const text = hash.replace(/^#/, '')
  const at = text.indexOf('?')
  if (at >= 0) return new URLSearchParams(text.slice(at + 1))
  return new URLSearchParams(text.startsWith('/') ? '' : text)
}

export const route = new Route()
