import { thrownText } from '@leftfold/core/input';

/** Codes with which Node does not trust the certificate of a server. */
const CODES =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)|CERT_|ERR_TLS_CERT_ALTNAME_INVALID)/;

/**
 * For transports that use TLS: why the certificate of a server is not trusted, and what to do; undefined for any other error.
 *
 * @example
 * const problem = certificateProblem(error);
 * if (problem !== undefined) throw new TransportRefusedError(name, problem, { cause: error });
 */
export function certificateProblem(thrown: unknown): string | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  if (typeof code !== 'string' || !CODES.test(code)) return undefined;
  return `its certificate is not trusted (${thrownText(thrown)}); give the certificate of its authority in \`tls.ca\`, or in a file that NODE_EXTRA_CA_CERTS names, and the name in its certificate in \`url\` or \`tls.servername\``;
}
