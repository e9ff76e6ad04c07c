import { AssertionError } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { InvalidArgumentError } from '@leftfold/core';
import { assertOneOf } from '@leftfold/core/input';

/** The file of a check, and what is done with it. */
export interface CommittedOptions {
  /** The committed JSON file. */
  readonly file: string | URL;
  /**
   * `'update'` writes the file, unless a change is breaking; `'accept'` writes it in any case.
   *
   * @default an environment variable, which the check names; without it the file is only compared
   */
  readonly mode?: 'update' | 'accept' | undefined;
}

/** A difference between what is committed and what is defined. */
interface CommittedChange {
  readonly type: string | undefined;
  readonly schemaVersion: number | undefined;
  readonly path: string;
  readonly breaking: boolean;
  readonly change: string;
  readonly fix: string | undefined;
}

/** What is compared, and the words for it. */
export interface CommittedSubject<TChange extends CommittedChange> {
  /** The environment variable that has the mode. */
  readonly variable: string;
  /** What the file has to have. */
  readonly defined: unknown;
  readonly compare: (committed: unknown) => readonly TChange[];
  /** What a breaking change means; the file's name follows. */
  readonly broken: string;
  /** When a breaking change may be written all the same. */
  readonly acceptWhen: string;
  /** What the comparison leaves out, since JSON Schema cannot say it. */
  readonly notCompared: readonly string[];
}

/**
 * @param caller the failure is reported at the line that called it
 * @returns the differences between the file, as it was, and what is defined
 * @throws AssertionError that names each change and its fix
 * @throws InvalidArgumentError when an option is none, or the file has something else
 */
export function checkCommitted<TChange extends CommittedChange>(
  { file, mode: given }: CommittedOptions,
  subject: CommittedSubject<TChange>,
  caller: (...input: never) => unknown,
): readonly TChange[] {
  const { variable, defined, compare } = subject;
  const mode = given ?? process.env[variable];
  if (typeof file !== 'string' && !(file instanceof URL))
    throw InvalidArgumentError.not('a path or a URL', 'file', file);
  assertOneOf(given === undefined ? variable : 'mode', mode === '' ? undefined : mode, ['update', 'accept']);
  const committed = read(file);
  const changes = committed === undefined ? [] : compareWith(file, () => compare(committed.value));
  const breaking = changes.some((change) => change.breaking);
  const text = JSON.stringify(defined, null, 2);
  // The file may be formatted as the repository formats its files.
  if (isDeepStrictEqual(committed?.value, JSON.parse(text))) return changes;
  if (mode === 'accept' || (mode === 'update' && !breaking)) {
    writeFileSync(file, `${text}\n`);
    return changes;
  }
  throw new AssertionError({
    message: messageOf(String(file), committed === undefined, changes, subject),
    operator: caller.name,
    stackStartFn: caller,
  });
}

/** @throws InvalidArgumentError that names the file when it has something else than the check writes */
function compareWith<TChange>(file: string | URL, compare: () => readonly TChange[]): readonly TChange[] {
  try {
    return compare();
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    const problem = `${String(file)} has something else than this check writes; restore it, or delete it`;
    throw new InvalidArgumentError('file', problem, { cause });
  }
}

/** @returns undefined when there is no such file */
function read(file: string | URL): { readonly value: unknown } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new InvalidArgumentError('file', `${String(file)} is no JSON; restore it, or delete it`, { cause });
  }
}

function messageOf<TChange extends CommittedChange>(
  file: string,
  isNew: boolean,
  changes: readonly TChange[],
  { variable, broken, acceptWhen, notCompared }: CommittedSubject<TChange>,
): string {
  if (isNew) return `${file} does not exist; write it with ${variable}=update and commit it`;
  const breaking = changes.filter((change) => change.breaking);
  const others = changes.filter((change) => !change.breaking);
  const lines = [
    breaking.length > 0
      ? `${broken} ${file}:`
      : `${file} is not up to date; write it with ${variable}=update and commit it:`,
    ...breaking.map((change) => `  ${describe(change)}\n    ${change.fix ?? ''}`),
    ...(breaking.length > 0 && others.length > 0 ? ['not breaking:'] : []),
    ...others.map((change) => `  ${describe(change)}`),
  ];
  if (notCompared.length > 0)
    lines.push('not compared, since JSON Schema cannot say it:', ...notCompared.map((one) => `  ${one}`));
  if (breaking.length > 0) lines.push(`${acceptWhen}, write the file with ${variable}=accept`);
  return lines.join('\n');
}

function describe({ type, schemaVersion, path, change }: CommittedChange): string {
  const version = schemaVersion === undefined ? '' : ` version ${schemaVersion}`;
  const subject = `${type ?? 'all'}${version}`;
  return `${subject}${path === '' ? '' : `, ${path}`}: ${change}`;
}
