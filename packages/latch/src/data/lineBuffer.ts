/** Text in pieces → whole lines. */

export class LineBuffer {
  /** Pieces of a line that is not complete yet. */
  #rest: string[] = []

  #take(): string {
    const line = this.#rest.join('').replace(/\r$/, '')
    this.#rest = []
    return line
  }

  /** The lines that end in this piece, without their ends. */
  *push(text: string): Generator<string> {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#rest.push(text.slice(start, end))
      yield this.#take()
      start = end + 1
    }
    if (start < text.length) this.#rest.push(text.slice(start))
  }

  /** The last line, if it has no end. */
  *finish(): Generator<string> {
    if (this.#rest.length > 0) yield this.#take()
  }
}
