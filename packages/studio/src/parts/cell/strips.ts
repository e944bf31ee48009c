/** Vectors as images with one pixel per unit, to be scaled without smoothing. */
import { signed, type Scheme } from '../../drawing/palette.ts'

/** A row of pixels as a URL for <image>. */
export function stripUrl(values: ArrayLike<number>, scale: number, scheme: Scheme): string {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, values.length)
  canvas.height = 1
  const paint = canvas.getContext('2d')
  if (!paint || values.length === 0) return ''
  const image = paint.createImageData(values.length, 1)
  for (let i = 0; i < values.length; i++) putPixel(image, i, values[i] / scale, scheme)
  paint.putImageData(image, 0, 0)
  return canvas.toDataURL()
}

/** −1 … 1 as the pixel at `at`. */
export function putPixel(image: ImageData, at: number, value: number, scheme: Scheme): void {
  const [r, g, b] = signed(value, scheme)
  image.data[4 * at] = r
  image.data[4 * at + 1] = g
  image.data[4 * at + 2] = b
  image.data[4 * at + 3] = 255
}
