/** Remedies of files that are saved or found on a disk. */
import {
  copyFile,
  mkdir,
  mkdtemp,
  open as openFile,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { readFileBytes, writeFileAtomic } from '../../../src/formats/fileNode.ts'
import { writeExport } from '../../../src/formats/modelFilesNode.ts'
import { importFile } from '../../../src/formatsNode.ts'
import { exported } from '../formatCases.ts'
import type { RemedyCase } from './remedyCase.ts'

const BYTES = Uint8Array.of(1, 2, 3)

/** A folder of its own, with a file `there`. */
const inFolder =
  (use: (folder: string) => Promise<unknown>): (() => Promise<void>) =>
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latch-remedies-'))
    try {
      await writeFile(join(folder, 'there'), BYTES)
      await use(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  }

const saving = (
  name: string,
  remedy: string,
  raise: (folder: string) => Promise<unknown>,
  follow: (folder: string) => Promise<unknown>,
): RemedyCase => ({ name, kind: DataError, remedy, raise: inFolder(raise), follow: inFolder(follow) })

/** A disk that refuses every file of a folder. */
const failing = (code: string) => ({
  open: (path: string, flags: string) =>
    path.includes('/other/')
      ? openFile(path, flags)
      : Promise.reject(Object.assign(new Error(code), { code })),
  rename,
})

const full = (code: string, remedy: string): RemedyCase =>
  saving(
    `a disk with ${code}`,
    remedy,
    (folder) => writeFileAtomic(join(folder, 'm'), BYTES, failing(code)),
    async (folder) => {
      await mkdir(join(folder, 'other'))
      await writeFileAtomic(join(folder, 'other', 'm'), BYTES, failing(code))
    },
  )

/** A fault that goes away. */
const passing = (code: string, remedy: string): RemedyCase =>
  saving(
    `a file with ${code}`,
    remedy,
    (folder) => writeFileAtomic(join(folder, 'm'), BYTES, failing(code)),
    (folder) => writeFileAtomic(join(folder, 'm'), BYTES),
  )

const dangling = (folder: string) => symlink(join(folder, 'away'), join(folder, 'link'))

export const SAVING_CASES: readonly RemedyCase[] = [
  saving(
    'a link to nothing',
    'Name that file itself, or remove the link.',
    async (folder) => {
      await dangling(folder)
      await writeFileAtomic(join(folder, 'link'), BYTES)
    },
    async (folder) => {
      await dangling(folder)
      await writeFileAtomic(join(folder, 'away'), BYTES)
      await unlink(join(folder, 'link'))
      await writeFileAtomic(join(folder, 'link'), BYTES)
    },
  ),
  saving(
    'a folder to save to',
    'Name a file inside a folder.',
    (folder) => writeFileAtomic(folder, BYTES),
    (folder) => writeFileAtomic(join(folder, 'm'), BYTES),
  ),
  saving(
    'a folder to read',
    'Name a file inside a folder.',
    (folder) => readFileBytes(folder),
    (folder) => readFileBytes(join(folder, 'there')),
  ),
  saving(
    'a misspelt name',
    'Did you mean "there"?',
    (folder) => readFileBytes(join(folder, 'thera')),
    (folder) => readFileBytes(join(folder, 'there')),
  ),
  full('ENOSPC', 'Free some space or choose another folder.'),
  full('EDQUOT', 'Free some space or choose another folder.'),
  full('EFBIG', 'Choose another folder.'),
  full('EROFS', 'Choose another folder.'),
  full('EIO', 'Choose another disk.'),
  passing('EACCES', 'Check who owns the file and its folder.'),
  passing('EPERM', 'Check who owns the file and its folder.'),
  passing('EBUSY', 'Choose another file, or mount its folder.'),
  passing('EMFILE', 'Close some, or raise the limit of open files.'),
  saving(
    'a folder that is missing',
    'Create the folder first.',
    (folder) => writeFileAtomic(join(folder, 'new', 'm'), BYTES),
    async (folder) => {
      await mkdir(join(folder, 'new'))
      await writeFileAtomic(join(folder, 'new', 'm'), BYTES)
    },
  ),
  saving(
    'a file for a folder',
    'Check the path.',
    (folder) => writeFileAtomic(join(folder, 'there', 'm'), BYTES),
    (folder) => writeFileAtomic(join(folder, 'm'), BYTES),
  ),
  saving(
    'links in a circle',
    'Check the path.',
    async (folder) => {
      await symlink(join(folder, 'loop'), join(folder, 'loop'))
      await readFileBytes(join(folder, 'loop'))
    },
    (folder) => readFileBytes(join(folder, 'there')),
  ),
  saving(
    'a name that is too long',
    'Choose a shorter one.',
    (folder) => writeFileAtomic(join(folder, 'm'.repeat(300)), BYTES),
    (folder) => writeFileAtomic(join(folder, 'm'.repeat(30)), BYTES),
  ),
  {
    name: 'a part behind a link out of the folder',
    kind: UnsupportedError,
    remedy: 'Copy the file itself into the folder of the model.',
    raise: inFolder(async (folder) => importFile(await linked(folder))),
    follow: inFolder(async (folder) => {
      const path = await linked(folder)
      const part = join(folder, 'model', 'weights.bin')
      await unlink(part)
      await copyFile(join(folder, 'weights.bin'), part)
      await importFile(path)
    }),
  },
  {
    name: 'several files in place of a file',
    kind: UsageError,
    remedy: 'Name a folder.',
    raise: inFolder(async (folder) => writeExport(await parts(), join(folder, 'there'))),
    follow: inFolder(async (folder) => writeExport(await parts(), join(folder, 'new'))),
  },
]

const parts = async () =>
  Array.from(await exported(LAYERS, 'tfjs'), ([name, bytes]) => ({ name, chunks: [bytes] }))

const LAYERS = [
  { type: 'features', width: 3 },
  { type: 'recurrent', cell: 'gru', units: 3, reset: 'before', returnSequences: false },
] as const

/** A model of TensorFlow.js whose weights lie outside its folder. */
async function linked(folder: string): Promise<string> {
  await mkdir(join(folder, 'model'))
  for (const [name, bytes] of await exported(LAYERS, 'tfjs')) {
    const isModel = name === 'model.json'
    await writeFile(isModel ? join(folder, 'model', name) : join(folder, 'weights.bin'), bytes)
    if (!isModel) await symlink(join(folder, 'weights.bin'), join(folder, 'model', name))
  }
  return join(folder, 'model', 'model.json')
}
