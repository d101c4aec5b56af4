import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { FaultState } from '../../../../localorg/reach.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.fault.list');

export default class KamLocalFaultList extends SfCommand<FaultState> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    'clear-log': Flags.boolean({ summary: messages.getMessage('flags.clear-log.summary') }),
  };

  public async run(): Promise<FaultState> {
    const { flags } = await this.parse(KamLocalFaultList);
    const { faultState, withLocal } = await import('../../../../localorg/reach.js');
    const state = await withLocal(flags['target-org'], async (client) => {
      const standing = faultState.parse(await client.send('GET', '/local/faults'));
      if (flags['clear-log']) await client.send('DELETE', '/local/faults/log');
      return standing;
    });
    this.log(messages.getMessage('info.active', [state.active.length]));
    this.table({
      data: state.active.map(({ id, fault, met, fired }) => ({ id, ...fault, met, fired })),
      columns: ['id', 'kind', 'met', 'fired'],
    });
    this.log(messages.getMessage('info.log', [state.log.length]));
    this.table({ data: state.log, columns: ['n', 'at', 'kind', 'method', 'url', 'detail'] });
    return state;
  }
}
