/** The library's equations, written in plain letters, as TeX. */
const SIGNS: [RegExp, string][] = [
  [/∘/g, ' \\odot '],
  [/·/g, '\\,'],
  [/[−]/g, '-'],
  [/σ/g, '\\sigma'],
  [/Σ/g, '\\sum '],
  [/×/g, '\\times '],
  [/([A-Za-z])_([A-Za-z0-9]+)/g, '$1_{$2}'],
  [/([A-Za-z])₋₁/g, '$1_{t-1}'],
  [/([A-Za-z])ₜ/g, '$1_t'],
  [/([A-Za-z])ᵀ/g, '$1^{\\top}'],
  [/\b(tanh|exp|log|max)\b/g, '\\$1'],
  [/\b(sigmoid|softmax|relu|logit|logits|embedding)\b/g, '\\operatorname{$1}'],
  [/\b([A-Za-z]{3,})\b(?![}{])/g, '$1'],
]

export function toTex(equation: string): string {
  return SIGNS.reduce((text, [sign, tex]) => text.replace(sign, tex), equation)
}
