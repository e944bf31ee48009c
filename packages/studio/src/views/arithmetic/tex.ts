/** Converts the library's equations to TeX. */
const FUNCTIONS = ['tanh', 'exp', 'log', 'max']
const NAMES = ['relu', 'softmax', 'logit', 'mean']

const SIGNS: [RegExp, string][] = [
  [/∘/g, ' \\odot '],
  [/·/g, '\\,'],
  [/−/g, '-'],
  [/σ/g, '\\sigma'],
  [/Σ/g, '\\textstyle\\sum '],
  [/([A-Za-z])_([A-Za-z0-9]+)/g, '$1_{$2}'],
  [/([A-Za-z])₋₁/g, '$1_{t-1}'],
  [new RegExp(`(?<![A-Za-z])(${FUNCTIONS.join('|')})(?![A-Za-z])`, 'g'), '\\$1'],
  [new RegExp(`(?<![A-Za-z])(${NAMES.join('|')})(?![A-Za-z])`, 'g'), '\\operatorname{$1}'],
]

export function toTex(equation: string): string | null {
  const words = equation.replace(/_[A-Za-z0-9]+/g, ' ').match(/[A-Za-z]{2,}/g) ?? []
  if (words.some((word) => !FUNCTIONS.includes(word) && !NAMES.includes(word))) return null
  return SIGNS.reduce((text, [sign, tex]) => text.replace(sign, tex), equation)
}
