/** The initial stories, and the model that reads each. */
export interface StartingStory {
  name: string
  /** File in models/, without the cell. */
  model: 'facts' | 'paragraph'
  text: string
}

export const FACTS: readonly StartingStory[] = [
  {
    name: 'She moves',
    model: 'facts',
    text: 'riya lives in delhi . a dog barked . riya moved to london . time passed . where does riya live ?',
  },
  {
    name: 'She stays',
    model: 'facts',
    text: 'riya lives in delhi . a dog barked . time passed . where does riya live ?',
  },
  {
    name: 'She moves twice',
    model: 'facts',
    text: 'riya lives in delhi . riya moved to paris . it rained . riya moved to london . time passed . where does riya live ?',
  },
  {
    name: 'Another person moves',
    model: 'facts',
    text: 'riya lives in delhi . omar lives in paris . omar moved to london . it rained . where does riya live ?',
  },
  {
    name: 'A long way',
    model: 'facts',
    text: 'riya lives in delhi . riya moved to tokyo . a bus went by . the bread was warm . the tea cooled . birds sang . it rained . time passed . the sun came out . where does riya live ?',
  },
]

const LECTURE =
  'riya is a doctor . she lives in delhi . she works at a hospital . last year , riya moved to london . now she works at a research lab .'

/** The lecture's paragraph with a question about each of its facts. */
export const PARAGRAPH: readonly StartingStory[] = [
  {
    name: 'The lecture: where does she live?',
    model: 'paragraph',
    text: `${LECTURE} where does riya live ?`,
  },
  { name: 'Where does she work?', model: 'paragraph', text: `${LECTURE} where does riya work ?` },
  { name: 'What is she?', model: 'paragraph', text: `${LECTURE} what is riya ?` },
  { name: 'He or she?', model: 'paragraph', text: `${LECTURE} is riya he or she ?` },
]
