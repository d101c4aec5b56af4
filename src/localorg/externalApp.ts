/** The External Client App of a local org: what a client without a browser logs in with. */
import { createPublicKey, generateKeyPair, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { newRefreshToken } from './sessions.js';

const appShape = z.object({
  consumerKey: z.string(),
  consumerSecret: z.string(),
  /** Of the administrator, as a web login would have handed it out. */
  refreshToken: z.string(),
  /** The user that the client credentials flow runs as. */
  runAs: z.string(),
  /** PEM: a certificate that the user brought, or the public half of `privateKey`. */
  certificate: z.string(),
  /** PEM; null where the user brought a certificate and kept the key. */
  privateKey: z.string().nullable(),
});
export type ExternalApp = z.infer<typeof appShape>;

export type AppKeeper = {
  /** The app, if there is one yet. */
  current(): ExternalApp | null;
  /** The app; made when first asked for, as a key pair takes its time. */
  ready(runAs: string): Promise<ExternalApp>;
  /** Another certificate to trust, another user to run as. Throws where the certificate is none. */
  change(app: ExternalApp, to: { certificate?: string; runAs?: string }): ExternalApp;
};

/** The app of one org; a file keeps it from start to start, readable by its owner only. */
export function keepApp(file: string | null): AppKeeper {
  let app = file !== null && existsSync(file) ? appShape.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  const keep = (next: ExternalApp): ExternalApp => {
    app = next;
    if (file !== null) writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
    return next;
  };
  return {
    current: () => app,
    ready: async (runAs) => app ?? keep(await newApp(runAs)),
    change: (standing, { certificate, runAs = standing.runAs }) => {
      if (certificate === undefined) return keep({ ...standing, runAs });
      publicKeyOf(certificate);
      return keep({ ...standing, runAs, certificate, privateKey: null });
    },
  };
}

async function newApp(runAs: string): Promise<ExternalApp> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    consumerKey: `3MVG9${randomBytes(60).toString('base64url').replaceAll(/[-_]/g, '.')}`,
    consumerSecret: randomBytes(32).toString('hex').toUpperCase(),
    refreshToken: newRefreshToken(),
    runAs,
    certificate: publicKey,
    privateKey,
  };
}

/** The key that a certificate, or a bare public key, vouches for. Throws where the text is neither. */
export function publicKeyOf(pem: string): KeyObject {
  return pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
}
