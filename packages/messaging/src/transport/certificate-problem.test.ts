import { expect, test } from 'vitest';
import { certificateProblem } from './certificate-problem.ts';

test('a certificate that is not trusted has a fix, and other errors have none', () => {
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])
    expect(certificateProblem(Object.assign(new Error(`it is ${code}`), { code }))).toContain(
      `it is ${code}); give the certificate of its authority in \`tls.ca\``,
    );
  for (const thrown of [undefined, 'CERT_HAS_EXPIRED', new Error('no'), { code: 1 }, { code: 'ECONNRESET' }])
    expect(certificateProblem(thrown)).toBeUndefined();
});
