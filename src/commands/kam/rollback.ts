import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import { ROWS_FAILED } from '../../org/exitCodes.js';
import type { Rewritten } from '../../report/run.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'rollback');

export default class KamRollback extends SfCommand<Rewritten> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    run: Flags.string({ summary: messages.getMessage('flags.run.summary'), required: true }),
  };

  public async run(): Promise<Rewritten> {
    const { flags } = await this.parse(KamRollback);
    const { rollBack } = await import('../../sync/rewrite.js');
    const { progressOn, stopSignal } = await import('../../report/screen.js');
    const { rewriteLines } = await import('../../report/terminal.js');
    const progress = progressOn(this.spinner, process.stderr.isTTY);
    const rewritten = await rollBack(flags['target-org'], flags['api-version'], flags.run, {
      version: this.config.version,
      env: process.env,
      signal: stopSignal(),
      onProgress: (done, total) => progress.on('write', done, total),
    }).finally(progress.stop);
    if (!this.jsonEnabled()) rewriteLines(rewritten).forEach((line) => this.log(line));
    if (rewritten.failed.length + rewritten.left > 0) process.exitCode = ROWS_FAILED;
    return rewritten;
  }
}
