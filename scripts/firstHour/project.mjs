/** The packages, packed and installed into an empty folder, as a newcomer has them. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error']

/** Runs a command; its output, or an error with all that it printed. */
export function run(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}${error ?? ''}`)
  return stdout
}

/** A new project in `folder` with the packages of the clone at `root`, and compilers of both versions. */
export function newProject(root, folder) {
  const workspaces = ['latch', 'cli', 'studio'].flatMap((name) => ['--workspace', `packages/${name}`])
  const packed = JSON.parse(run(root, 'npm', ['pack', '--json', '--pack-destination', folder, ...workspaces]))
  const path = join(folder, 'project')
  mkdirSync(path)
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name: 'first-hour', private: true, type: 'module' }),
  )
  run(path, 'npm', ['install', ...QUIET, ...packed.map(({ filename }) => join(folder, filename))])
  run(path, 'npm', ['install', ...QUIET, '--save-dev', 'typescript@5', '@types/node@20'])
  return path
}

/** What `@tsconfig/strictest` asks for, and declaration files are checked too. */
const STRICTEST = {
  strict: true,
  allowUnusedLabels: false,
  allowUnreachableCode: false,
  exactOptionalPropertyTypes: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  esModuleInterop: true,
  forceConsistentCasingInFileNames: true,
  skipLibCheck: false,
}

/** Compiles programs of a project under the strictest settings; the JavaScript lies beside them. */
export function compile(project, compiler, files, resolution, module) {
  const options = { target: 'ES2022', lib: ['ES2023', 'DOM'], types: ['node'], ...STRICTEST }
  const config = { compilerOptions: { ...options, module, moduleResolution: resolution }, files }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  run(project, process.execPath, [compiler, '-p', 'tsconfig.json'])
}
