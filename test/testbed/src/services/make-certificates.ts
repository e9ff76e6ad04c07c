import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../faults/programs.ts';

/** Files of certificates for servers at 127.0.0.1. */
export interface Certificates extends Disposable {
  /** The authority, as text: what a client must trust. */
  readonly ca: string;
  readonly caFile: string;
  /** Of the server, for the address 127.0.0.1 and the name localhost. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes an authority of its own, and a certificate that it signs, with openssl. */
export function makeCertificates(): Certificates {
  const program = findProgram('openssl');
  if (program === undefined) throw new Error('openssl is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-certificates-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => execFileSync(program, args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    '-days',
    '2',
    ...key,
    '-subj',
    '/CN=leftfold tests',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.crt');
  return {
    ca: readFileSync(file('ca.crt'), 'utf8'),
    caFile: file('ca.crt'),
    certFile: file('server.crt'),
    keyFile: file('server.key'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
