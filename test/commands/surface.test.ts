/** The command surface is frozen: a flag that changes its name breaks somebody's cron job. */
import { expect, test } from 'vitest';
import { Config } from '@oclif/core';

test('commands, arguments and flags are those of surface.json (npx vitest run test/commands/surface.test.ts -u writes it anew)', async () => {
  const config = await Config.load({ root: new URL('../..', import.meta.url).pathname, ignoreManifest: true });
  const surface = config.commands
    .filter(({ id }) => id.startsWith('kam'))
    .map(({ id, args, flags }) => ({
      command: id.replaceAll(':', ' '),
      args: Object.keys(args),
      flags: Object.keys(flags).toSorted(),
    }))
    .toSorted((a, b) => (a.command < b.command ? -1 : 1));
  await expect(`${JSON.stringify(surface, null, 2)}\n`).toMatchFileSnapshot('./surface.json');
});
