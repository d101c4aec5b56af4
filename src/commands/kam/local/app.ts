import { readFileSync, writeFileSync } from 'node:fs';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.app');

export type LocalAppResult = {
  consumerKey: string;
  consumerSecret: string;
  refreshToken: string;
  username: string;
  runAs: string;
  instanceUrl: string;
};

export default class KamLocalApp extends SfCommand<LocalAppResult> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    'key-file': Flags.file({ summary: messages.getMessage('flags.key-file.summary'), exclusive: ['certificate'] }),
    certificate: Flags.file({ summary: messages.getMessage('flags.certificate.summary'), exists: true }),
    'run-as': Flags.string({ summary: messages.getMessage('flags.run-as.summary') }),
  };

  public async run(): Promise<LocalAppResult> {
    const { flags } = await this.parse(KamLocalApp);
    const { externalApp, withLocal } = await import('../../../localorg/reach.js');
    const certificate = flags.certificate === undefined ? undefined : readFileSync(flags.certificate, 'utf8');
    const runAs = flags['run-as'];
    const { app, instanceUrl } = await withLocal(flags['target-org'], async (client) => ({
      instanceUrl: client.instanceUrl,
      app: externalApp.parse(
        certificate === undefined && runAs === undefined
          ? await client.send('GET', '/local/app')
          : await client.send('POST', '/local/app', { certificate, runAs }),
      ),
    }));
    const { privateKey, ...shown } = app;
    const keyFile = flags['key-file'];
    if (keyFile !== undefined) {
      if (privateKey === null) throw messages.createError('error.KeyNotHere');
      writeFileSync(keyFile, privateKey, { mode: 0o600 });
    }
    this.log(
      messages.getMessage('info.app', [shown.consumerKey, shown.consumerSecret, shown.refreshToken, shown.runAs]),
    );
    this.log(messages.getMessage('info.jwt', [shown.username, shown.consumerKey, keyFile ?? 'jwt.key', instanceUrl]));
    return { ...shown, instanceUrl };
  }
}
