import { Flags, SfCommand } from '@salesforce/sf-plugins-core';
import { Messages, type Org } from '@salesforce/core';
import type { Backtest } from '../../report/backtest.js';
import type { BacktestSource } from '../../sync/backtest.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'backtest');

const WRONG_USAGE = 2;

export default class KamBacktest extends SfCommand<Backtest> {
  public static readonly summary = messages.getMessage('summary');
  public static readonly description = messages.getMessage('description');
  public static readonly examples = messages.getMessages('examples');

  public static readonly flags = {
    'target-org': Flags.optionalOrg({ exclusive: ['data'] }),
    'api-version': Flags.orgApiVersion(),
    data: Flags.directory({ summary: messages.getMessage('flags.data.summary'), exists: true }),
    cut: Flags.string({ summary: messages.getMessage('flags.cut.summary') }),
    horizon: Flags.string({ summary: messages.getMessage('flags.horizon.summary') }),
    family: Flags.string({
      summary: messages.getMessage('flags.family.summary'),
      options: ['product'],
      dependsOn: ['top'],
    }),
    top: Flags.integer({
      summary: messages.getMessage('flags.top.summary'),
      min: 2,
      max: 2000,
      dependsOn: ['family'],
    }),
    predictions: Flags.file({ summary: messages.getMessage('flags.predictions.summary') }),
    output: Flags.file({ summary: messages.getMessage('flags.output.summary') }),
  };

  public async run(): Promise<Backtest> {
    const { flags } = await this.parse(KamBacktest);
    const { parseHorizon } = await import('../../kam/calendar.js');
    const { backtest, usualBootstrap } = await import('../../sync/backtest.js');
    const { progressOn, screenOf } = await import('../../report/screen.js');
    const horizon = flags.horizon === undefined ? null : parseHorizon(flags.horizon);
    if (flags.horizon !== undefined && horizon === null) {
      throw messages.createError('error.HorizonInvalid', [flags.horizon], [], WRONG_USAGE);
    }
    const source = sourceOf(flags.data, flags['target-org'], flags['api-version']);
    const progress = progressOn(this.spinner, process.stderr.isTTY);
    const found = await backtest(
      source,
      {
        cut: flags.cut ?? null,
        horizon,
        topProducts: flags.top ?? null,
        predictions: flags.predictions ?? null,
        page: flags.output ?? null,
        today: new Date().toISOString().slice(0, 10),
        bootstrap: usualBootstrap,
        version: this.config.version,
      },
      progress.on,
    ).finally(progress.stop);
    if (!this.jsonEnabled()) {
      const { backtestLines } = await import('../../report/backtestLines.js');
      backtestLines(found, screenOf(process.stdout)).forEach((line) => this.log(line));
    }
    return found;
  }
}

function sourceOf(folder: string | undefined, login: Org | undefined, apiVersion: string | undefined): BacktestSource {
  if (folder !== undefined) return { is: 'files', folder };
  if (login !== undefined) return { is: 'org', login, apiVersion, env: process.env };
  throw messages.createError('error.NoSource', [], [], WRONG_USAGE);
}
