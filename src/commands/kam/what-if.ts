import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { WhatIf } from '../../report/whatIf.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'what-if');

export default class KamWhatIf extends SfCommand<WhatIf> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    set: Flags.string({ summary: messages.getMessage('flags.set.summary'), multiple: true, required: true }),
    write: Flags.directory({ summary: messages.getMessage('flags.write.summary') }),
  };

  public async run(): Promise<WhatIf> {
    const { flags } = await this.parse(KamWhatIf);
    const { whatIf } = await import('../../sync/whatIf.js');
    const result = await whatIf(flags['target-org'], flags['api-version'], {
      set: flags.set,
      write: flags.write ?? null,
      env: process.env,
    });
    if (!this.jsonEnabled()) {
      const { whatIfLines } = await import('../../report/whatIf.js');
      const { screenOf } = await import('../../report/screen.js');
      whatIfLines(result, screenOf(process.stdout)).forEach((line) => this.log(line));
      if (result.written.length > 0) this.log(messages.getMessage('info.deploy', [flags.write]));
    }
    return result;
  }
}
