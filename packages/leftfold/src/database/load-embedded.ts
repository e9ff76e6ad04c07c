import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The part of `@leftfold/embedded` that is used here. */
export interface EmbeddedModule {
  readonly startPostgres: (options: { readonly directory: string }) => Promise<{
    readonly connectionString: string;
    readonly description: string;
    stop(): Promise<void>;
  }>;
}

/**
 * Loads `@leftfold/embedded`, which a project installs for development.
 *
 * It is no dependency of this package, not even an optional peer: npm installs an optional peer in production too when
 * the project has it among its development dependencies. So where packages see their own dependencies only, it is
 * found from the project's directory.
 */
export async function loadEmbedded(): Promise<EmbeddedModule> {
  try {
    return await import('@leftfold/embedded');
  } catch (error) {
    if (!isNotInstalled(error)) throw error;
  }
  const project = createRequire(join(process.cwd(), 'package.json'));
  return import(pathToFileURL(project.resolve('@leftfold/embedded')).href) as Promise<EmbeddedModule>;
}

/** True for the errors of `import` and of `require.resolve` about a package that is not there. */
export function isNotInstalled(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
}
