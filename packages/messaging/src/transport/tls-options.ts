import type { ConnectionOptions } from 'node:tls';
import { InvalidArgumentError } from '@leftfold/core';
import { assertOptions, type OptionNames } from '@leftfold/core/input';

/** Options of a connection with TLS, as of `connect` of `node:tls`. The certificate of the server is checked in any case. */
export interface TlsOptions
  extends Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'servername'> {}

const optionNames: OptionNames<TlsOptions> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  pfx: true,
  servername: true,
};

/** @throws InvalidArgumentError when an option is misspelt, or the URL has none of these schemes, such as `amqps:` */
export function assertTlsOptions(tls: TlsOptions | undefined, url: string, scheme: string): void {
  assertOptions('tls', tls, optionNames);
  if (tls !== undefined && new URL(url).protocol !== scheme)
    throw new InvalidArgumentError('tls', `is for a url that begins with ${scheme}//`);
}
