import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { LocalStatus } from '../../../localorg/reach.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.reset');

export default class KamLocalReset extends SfCommand<LocalStatus> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = { 'target-org': Flags.requiredOrg(), 'api-version': Flags.orgApiVersion() };

  public async run(): Promise<LocalStatus> {
    const { flags } = await this.parse(KamLocalReset);
    const { localStatus, withLocal } = await import('../../../localorg/reach.js');
    const status = await withLocal(flags['target-org'], async (client) =>
      localStatus.parse(await client.send('POST', '/local/reset')),
    );
    this.logSuccess(messages.getMessage('info.reset', [status.orgId]));
    return status;
  }
}
