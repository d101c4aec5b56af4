import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import type { Run } from '../../report/run.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'plan');

export default class KamPlan extends SfCommand<Run> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    output: Flags.file({ summary: messages.getMessage('flags.output.summary'), char: 'o', required: true }),
    'as-of': Flags.string({ summary: messages.getMessage('flags.as-of.summary') }),
  };

  public async run(): Promise<Run> {
    const { flags } = await this.parse(KamPlan);
    const { sync } = await import('../../sync/sync.js');
    const { progressOn, screenOf, stopSignal } = await import('../../report/screen.js');
    const { runLines } = await import('../../report/terminal.js');
    const progress = progressOn(this.spinner, process.stderr.isTTY);
    const run = await sync(
      flags['target-org'],
      flags['api-version'],
      {
        dryRun: true,
        full: false,
        asOf: flags['as-of'] ?? null,
        maximumMoves: 1,
        maximumWrites: Number.MAX_SAFE_INTEGER,
        planFile: flags.output,
        signal: stopSignal(),
        version: this.config.version,
        env: process.env,
      },
      progress.on,
    ).finally(progress.stop);
    if (!this.jsonEnabled()) runLines(run, screenOf(process.stdout)).forEach((line) => this.log(line));
    const { rows, apiCalls } = run.plan;
    this.logSuccess(messages.getMessage('info.kept', [rows, apiCalls, flags.output, flags.output]));
    return run;
  }
}
