import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { LocalStatus } from '../../../localorg/reach.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.status');

export default class KamLocalStatus extends SfCommand<LocalStatus> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = { 'target-org': Flags.requiredOrg(), 'api-version': Flags.orgApiVersion() };

  public async run(): Promise<LocalStatus> {
    const { flags } = await this.parse(KamLocalStatus);
    const { withLocal } = await import('../../../localorg/reach.js');
    const status = await withLocal(flags['target-org'], async (_client, before) => Promise.resolve(before));
    this.log(
      messages.getMessage('info.status', [status.orgId, status.username, status.clock, status.apiCalls, status.writes]),
    );
    this.table({ data: Object.entries(status.records).map(([object, records]) => ({ object, records })) });
    return status;
  }
}
