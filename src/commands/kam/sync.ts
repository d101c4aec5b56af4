import { writeFileSync } from 'node:fs';
import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages } from '@salesforce/core';
import { REFUSED, ROWS_FAILED } from '../../org/exitCodes.js';
import type { Run } from '../../report/run.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

export default class KamSync extends SfCommand<Run> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.requiredOrg(),
    'api-version': Flags.orgApiVersion(),
    'dry-run': Flags.boolean({ summary: messages.getMessage('flags.dry-run.summary'), default: false }),
    full: Flags.boolean({ summary: messages.getMessage('flags.full.summary'), default: false }),
    output: Flags.file({ summary: messages.getMessage('flags.output.summary'), char: 'o' }),
    'as-of': Flags.string({ summary: messages.getMessage('flags.as-of.summary') }),
    'max-writes': Flags.integer({ summary: messages.getMessage('flags.max-writes.summary'), min: 0 }),
    'max-moves': Flags.integer({ summary: messages.getMessage('flags.max-moves.summary'), min: 0, max: 100 }),
  };

  public async run(): Promise<Run> {
    const { flags } = await this.parse(KamSync);
    const { sync } = await import('../../sync/sync.js');
    const { progressOn, screenOf, stopSignal } = await import('../../report/screen.js');
    const { runLines } = await import('../../report/terminal.js');
    const progress = progressOn(this.spinner, process.stderr.isTTY);
    const run = await sync(
      flags['target-org'],
      flags['api-version'],
      {
        dryRun: flags['dry-run'],
        full: flags.full,
        asOf: flags['as-of'] ?? null,
        maximumMoves: flags['max-moves'] === undefined ? null : flags['max-moves'] / 100,
        maximumWrites: flags['max-writes'] ?? null,
        planFile: null,
        signal: stopSignal(),
        version: this.config.version,
        env: process.env,
      },
      progress.on,
    ).finally(progress.stop);
    if (flags.output !== undefined) {
      const { runPage } = await import('../../report/runPage.js');
      writeFileSync(flags.output, await runPage(run), { mode: 0o600 });
    }
    if (!this.jsonEnabled()) runLines(run, screenOf(process.stdout)).forEach((line) => this.log(line));
    if (run.outcome.is === 'refused') throw refusalOf(run, run.outcome);
    if (run.outcome.is === 'tooMany') throw tooMany(run, run.outcome);
    if (run.outcome.is === 'partial') {
      const { failed, left } = run.outcome;
      if (failed > 0) this.warn(messages.getMessage('info.failedRows', [failed]));
      if (left > 0) this.warn(messages.getMessage('info.leftRows', [left]));
      process.exitCode = ROWS_FAILED;
    }
    return run;
  }
}

function tooMany(run: Run, { rows, limit }: Extract<Run['outcome'], { is: 'tooMany' }>): Error {
  const error = messages.createError('error.TooManyWrites', [rows, limit], [rows], REFUSED);
  error.setData(run);
  return error;
}

/** The refusal is data in the run; here it becomes a message and an exit code. */
function refusalOf(run: Run, { moved, classified, limit }: Extract<Run['outcome'], { is: 'refused' }>): Error {
  const share = ((100 * moved) / classified).toFixed(1);
  const error = messages.createError('error.TooManyMoves', [
    moved,
    classified,
    share,
    Number((limit * 100).toFixed(1)),
  ]);
  error.exitCode = REFUSED;
  error.setData(run);
  return error;
}
