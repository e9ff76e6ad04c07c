import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '../run/workload.ts';
import { peersFolder } from './peer-list.ts';

/** @returns a function that installs the peers at its first call; every call has the result of that installation */
export function peerInstallation(): (say: (line: string) => void) => Promise<void> {
  let installed: Promise<void> | undefined;
  return (say) => {
    installed ??= installPeers(say);
    return installed;
  };
}

/**
 * Installs the peers from their lockfile, unless that version of the lockfile is installed.
 *
 * @throws UnavailableError when npm fails, with the error code of npm
 */
async function installPeers(say: (line: string) => void): Promise<void> {
  const lockfile = readFileSync(join(peersFolder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  const marker = join(peersFolder, 'node_modules', '.installed');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  say('installing the peers with npm (once)');
  await run(say, [
    'ci',
    '--prefix',
    peersFolder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
  ]);
  writeFileSync(marker, wanted);
}

function run(say: (line: string) => void, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd: peersFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', () => reject(new UnavailableError('cannot be installed (npm cannot be started)')));
    child.on('close', (code) => {
      if (code === 0) return resolve();
      // npm's output contains paths of this machine: it is printed, but not included in the report.
      say(output);
      const reason = /^npm error code (\S+)/m.exec(output)?.[1] ?? `exit code ${String(code)}`;
      return reject(new UnavailableError(`cannot be installed (npm: ${reason})`));
    });
  });
}
