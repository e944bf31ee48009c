/** Sentences with tags: CoNLL files, JSON Lines and tables, and what is refused with its line. */
import { describe, expect, it } from 'vitest'
import { parseSentences, type SentenceOptions } from '../../src/data/sentences/sentences.ts'
import { readSentences } from '../../src/data/sentences/sentencesNode.ts'

const CONLLU = `# sent_id = 1
# text = Don't go
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
2.1\tplease\t_\tINTJ\t_\t_\t_\t_\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_

# sent_id = 2
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_
`

describe('CoNLL', () => {
  it('reads the first and the last column, with tabs or spaces', () => {
    for (const text of [
      'Ada NNP B-PER\nsings VB O\n\n\nYes UH O\n',
      'Ada\tNNP\tB-PER\nsings\tVB\tO\n \nYes\tUH\tO',
    ]) {
      const { sentences, places, format, columns } = parseSentences(text)
      expect(sentences).toEqual([
        { tokens: ['Ada', 'sings'], tags: ['B-PER', 'O'] },
        { tokens: ['Yes'], tags: ['O'] },
      ])
      expect(places.map((place) => place.split(' ')[0])).toEqual(['line', 'line'])
      expect([format, columns]).toEqual(['conll', { tokens: '0', tags: '2' }])
    }
    expect(parseSentences('Ada NNP B-PER\n\nYes UH O', { tags: '1' }).sentences[0].tags).toEqual(['NNP'])
  })

  it('reads CoNLL-U without multiword lines and empty nodes, by the names of its columns', () => {
    const { sentences, places, columns, notes } = parseSentences(CONLLU)
    expect(sentences).toEqual([
      { tokens: ['Do', "n't", 'go'], tags: ['AUX', 'PART', 'VERB'] },
      { tokens: ['Yes'], tags: ['INTJ'] },
    ])
    expect(places).toEqual(['line 3', 'line 10'])
    expect(columns).toEqual({ tokens: 'form', tags: 'upos' })
    expect(notes).toEqual(['2 lines of multiword tokens and empty nodes left out.'])
    expect(parseSentences(CONLLU, { tokens: 'lemma', tags: 'XPOS' }).sentences[0]).toEqual({
      tokens: ['do', 'not', 'go'],
      tags: ['VB', 'RB', 'VB'],
    })
    const plus = `# global.columns = ID FORM UPOS\n1\tYes\tINTJ\n\n1\tNo\tINTJ\n`
    expect(parseSentences(plus).sentences[1]).toEqual({ tokens: ['No'], tags: ['INTJ'] })
  })

  it('knows comments from tokens that begin with #, and leaves out -DOCSTART-', () => {
    const text = '-DOCSTART- -X- O\n\n# a comment\nbuy VB O\n# SYM O\n\nno DT O\n'
    const { sentences, notes } = parseSentences(text)
    expect(sentences[0].tokens).toEqual(['buy', '#'])
    expect(notes).toEqual(['1 lines -DOCSTART- left out.'])
    expect(parseSentences('#\tSYM\n5\tNUM\n\nno\tDT\n').sentences[0].tokens).toEqual(['#', '5'])
  })

  it('reads tokens alone', () => {
    expect(parseSentences('Ada\nsings\n\nYes\n', { tags: false }).sentences).toEqual([
      { tokens: ['Ada', 'sings'], tags: [] },
      { tokens: ['Yes'], tags: [] },
    ])
  })

  it.each([
    ['Ada NNP O\nsings VB\n\nYes UH O', {}, 'f, line 2: expected 3 columns, as in line 1, got 2'],
    ['a\t\tO\n\nb\tX\tO\n', {}, 'f, line 1: expected 3 columns, as in line 1, got an empty one'],
    ['Ada\nsings\n\nYes\n', {}, 'f, line 1: expected a column of tokens and one of tags, got one column (0)'],
    ['Ada O\n\nYes O', { tags: '2' }, 'f, column of the tags: expected one of numbers from 0 to 1, got "2"'],
    [CONLLU, { tokens: 'word' }, 'f, column of the tokens: expected one of id, form, lemma,'],
    ['\n# nothing\n\n', {}, 'f: expected at least one sentence, got an empty document'],
    ['', {}, 'f: expected at least one sentence, got an empty document'],
  ] as const)('%j is refused', (text, options, message) => {
    expect(() => parseSentences(text, { name: 'f', ...options } as SentenceOptions)).toThrow(message)
  })
})

describe('JSON', () => {
  const rows = [
    { tokens: ['Ada', 'sings'], tags: ['B-PER', 'O'] },
    { tokens: ['Yes'], tags: ['O'] },
  ]

  it('reads lines and arrays of objects, with lists or strings', () => {
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    expect(parseSentences(lines)).toMatchObject({
      sentences: rows,
      format: 'jsonl',
      places: ['line 1', 'line 2'],
    })
    expect(parseSentences(JSON.stringify(rows))).toMatchObject({ sentences: rows, format: 'json' })
    const strings = '{"words": "Ada sings", "pos": "B-PER O"}\n'
    expect(parseSentences(strings, { tokens: 'words', tags: 'pos' }).sentences).toEqual([rows[0]])
    expect(parseSentences(lines, { tags: false }).sentences[0].tags).toEqual([])
  })

  it.each([
    ['{"tokens": ["a"], "tags": ["X", "Y"]}', 'f, line 1: expected a tag for each of 1 token, got 2'],
    ['{"tokens": ["a"], "tags": ["X"]}\n{"tokens": ["a"]}', 'f, line 2: expected "tags", a list of strings'],
    ['{"tokens": [], "tags": []}', 'f, line 1: expected at least one token, got none'],
    ['{"tokens": ["a"', 'f, line 1: expected JSON'],
  ])('%s is refused', (text, message) => expect(() => parseSentences(text, { name: 'f' })).toThrow(message))
})

describe('tables', () => {
  it('read a sentence in each row, or a token in each row of a sentence', () => {
    const bySentence = 'tokens,tags\nAda sings,B-PER O\nYes,O\n'
    const byToken = 'Sentence #,Word,Tag\n1,Ada,B-PER\n,sings,O\n2,"Yes, no",O\n'
    expect(parseSentences(bySentence)).toMatchObject({ format: 'csv', places: ['row 0', 'row 1'] })
    expect(parseSentences(bySentence).sentences[0]).toEqual({
      tokens: ['Ada', 'sings'],
      tags: ['B-PER', 'O'],
    })
    expect(parseSentences(byToken, { name: 'a.csv' }).sentences).toEqual([
      { tokens: ['Ada', 'sings'], tags: ['B-PER', 'O'] },
      { tokens: ['Yes, no'], tags: ['O'] },
    ])
    const named = 'no,w,t\n1,Ada,X\n1,sings,Y\n1,well,Y\n2,no,X\n'
    const options = { name: 'a.csv', sentence: 'no', tokens: 'w', tags: 't' }
    expect(parseSentences(named, options).sentences.map(({ tokens }) => tokens.length)).toEqual([3, 1])
  })

  it.each([
    ['tokens,tags\nAda sings,O\n', {}, 'f.csv, row 0: expected a tag for each of 2 tokens, got 1'],
    ['id,w,t\n1,a,X\n', {}, 'f.csv: expected the tokens among the columns id, w, t, got none'],
    ['sent_id,word,tag\n1,a,X\n1,,X\n', {}, 'f.csv, row 1: expected a token, got an empty cell'],
    ['sent_id,word,tag\n1,a,X\n', { tags: 'ner' }, 'f.csv: expected the tags among the columns'],
  ] as const)('%j is refused', (text, options, message) => {
    expect(() => parseSentences(text, { name: 'f.csv', ...options } as SentenceOptions)).toThrow(message)
  })
})

describe('files', () => {
  it('are read as streams of bytes, in their encoding', async () => {
    async function* source() {
      yield await Promise.resolve(Buffer.from('caf'))
      yield Buffer.from([0xe9, 0x20, 0x4f, 0x0a, 0x0a, 0x61, 0x20, 0x4f])
    }
    const { sentences, places } = await readSentences(source(), { encoding: 'windows-1252' })
    expect(sentences.map(({ tokens }) => tokens)).toEqual([['café'], ['a']])
    expect(places).toEqual(['line 1', 'line 3'])
    await expect(readSentences(source(), { token: 1 } as never)).rejects.toThrow(/readSentences option token/)
    expect(() => parseSentences('a O', { tag: '1' } as never)).toThrow(/parseSentences option tag/)
  })
})

describe('labels of sentences', () => {
  const expected = [
    { tokens: ['play', 'jazz'], tags: ['O', 'B-song'], label: 'PlayMusic' },
    { tokens: ['hi'], tags: ['O'], label: 'Greet' },
  ]

  it('are read from comments, columns and objects', () => {
    for (const [text, name] of [
      ['# id = 1\n# intent = PlayMusic\nplay\tO\njazz\tB-song\n\n# intent: Greet\nhi\tO\n', 'a.conll'],
      [
        '{"tokens":"play jazz","tags":"O B-song","intent":"PlayMusic"}\n{"tokens":"hi","tags":"O","intent":"Greet"}',
        'a.jsonl',
      ],
      ['tokens,tags,intent\nplay jazz,O B-song,PlayMusic\nhi,O,Greet\n', 'a.csv'],
      ['sent_id,token,tag,intent\n1,play,O,PlayMusic\n1,jazz,B-song,\n2,hi,O,Greet\n', 'a.csv'],
    ]) {
      const columns = text.includes('tag,intent') ? { tags: 'tag' } : {}
      expect(parseSentences(text, { name, label: 'intent', ...columns }).sentences).toEqual(expected)
      expect(parseSentences(text, { name, ...columns }).sentences[0]).not.toHaveProperty('label')
    }
  })

  it('are refused with their place where there are none', () => {
    const refused = (text: string, name: string, message: RegExp) =>
      expect(() => parseSentences(text, { name, label: 'intent' })).toThrow(message)
    refused(
      '# intent = A\na\tX\n\nb\tY\n',
      'a.conll',
      /a\.conll, line 4: expected a comment before it, `# intent = …`.*no comment/,
    )
    refused('# id = 1\na\tX\n', 'a.conll', /line 2: .*got other comments/)
    refused(
      '{"tokens":"a","tags":"X","intent":3}',
      'a.jsonl',
      /line 1: expected "intent", a label of the sentence, got 3/,
    )
    refused(
      'tokens,tags,intent\na,X,\n',
      'a.csv',
      /row 0: expected a label of the sentence, got an empty cell/,
    )
    refused('tokens,tags\na,X\n', 'a.csv', /the labels of sentences among the columns tokens, tags/)
  })
})
