import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { FaultState } from '../../../../localorg/reach.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local.fault.off');

export default class KamLocalFaultOff extends SfCommand<FaultState> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = { id: Args.integer({ description: messages.getMessage('args.id.summary'), min: 1 }) };
  public static readonly flags = { 'target-org': Flags.requiredOrg(), 'api-version': Flags.orgApiVersion() };

  public async run(): Promise<FaultState> {
    const { args, flags } = await this.parse(KamLocalFaultOff);
    const { faultState, withLocal } = await import('../../../../localorg/reach.js');
    const path = args.id === undefined ? '/local/faults' : `/local/faults/${args.id}`;
    const state = await withLocal(flags['target-org'], async (client) => {
      // A session that a fault has ended is given back with everything else.
      if (args.id === undefined) await client.send('POST', '/local/sessions/restore');
      return faultState.parse(await client.send('DELETE', path));
    });
    this.logSuccess(messages.getMessage('info.off', [state.active.length]));
    return state;
  }
}
