import { Args } from '@oclif/core';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Argument } from '../../report/argument.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'explain');

export default class KamExplain extends SfCommand<Argument> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly args = {
    account: Args.string({ description: messages.getMessage('args.account.summary'), required: true }),
  };

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
  };

  public async run(): Promise<Argument> {
    const { args, flags } = await this.parse(KamExplain);
    const { explain } = await import('../../sync/explain.js');
    const argument = await explain(flags['target-org'], flags['api-version'], args.account, process.env);
    if (!this.jsonEnabled()) {
      const { argumentLines } = await import('../../report/argument.js');
      const { screenOf } = await import('../../report/screen.js');
      argumentLines(argument, screenOf(process.stdout)).forEach((line) => this.log(line));
    }
    return argument;
  }
}
