// Packs every published package as `pnpm publish` does, and checks the archive with publint and "are the types wrong".
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packed = mkdtempSync(join(tmpdir(), 'leftfold-packed-'));
process.on('exit', () => rmSync(packed, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const queue = readdirSync(join(root, 'packages')).map((folder) => join(root, 'packages', folder));
const failures = [];
const worker = async () => {
  for (let folder = queue.shift(); folder; folder = queue.shift()) await checkPackage(folder);
};
await Promise.all([worker(), worker()]);

for (const { name, tool, output } of failures) console.error(`${name}: ${tool} failed\n${output}\n`);
process.exit(failures.length > 0 ? 1 : 0);

async function checkPackage(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (manifest.private) return;
  const archive = join(packed, `${manifest.name.replace('@', '').replace('/', '-')}.tgz`);
  const steps = [
    ['pnpm', ['pack', '--out', archive]],
    ['publint', ['run', archive, '--strict']],
    ['attw', [archive, '--profile', 'esm-only', '--format', 'ascii', '--no-color']],
  ];
  for (const [tool, args] of steps) {
    try {
      const options = { cwd: folder, shell: process.platform === 'win32' };
      await promisify(execFile)(join(root, 'node_modules', '.bin', tool), args, options);
    } catch (error) {
      failures.push({ name: manifest.name, tool, output: `${error.stdout ?? ''}${error.stderr ?? error}` });
      return;
    }
  }
  console.log(`${manifest.name}: packed, and valid for publint and attw`);
}
