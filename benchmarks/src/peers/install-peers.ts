import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '../run/workload.ts';
import { peersFolder } from './peer-list.ts';

/**
 * Installs the peers as their lockfile says, unless that was done before.
 *
 * @throws UnavailableError when npm cannot, with the last it said
 */
export async function installPeers(say: (line: string) => void): Promise<void> {
  const lockfile = readFileSync(join(peersFolder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  const marker = join(peersFolder, 'node_modules', '.installed');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  say('installing the peers with npm (once)');
  await run('npm', [
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

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: peersFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => reject(new UnavailableError(`npm cannot be started: ${error.message}`)));
    child.on('close', (code) => {
      const last = output.trim().split('\n').slice(-3).join(' ');
      if (code === 0) resolve();
      else reject(new UnavailableError(`does not install: ${last}`));
    });
  });
}
