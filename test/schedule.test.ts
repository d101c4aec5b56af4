/** The files that ops take to schedule the nightly sync: they name what exists, and systemd would load them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const folder = new URL('../docs/schedule/', import.meta.url).pathname;
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const surface = z
  .array(z.object({ command: z.string(), flags: z.array(z.string()) }))
  .parse(JSON.parse(readFileSync(new URL('./commands/surface.json', import.meta.url), 'utf8')));

const settingsIn = (text: string): string[] => [...text.matchAll(/^(KAM_[A-Z_]+)=/gm)].map((match) => match[1] ?? '');

test.each(readdirSync(folder).filter((name) => /service|cron/.test(name)))(
  '%s runs commands that exist, with flags that they have',
  (name) => {
    const calls = [...read(name).matchAll(/bin\/sf (kam [a-z ]+?) ((?:--[a-z-]+ \S+ ?)*)$/gm)];
    expect(calls).toHaveLength(1);
    for (const [, command, flags = ''] of calls) {
      const known = surface.find((one) => one.command === command?.trim())?.flags ?? [];
      const used = [...flags.matchAll(/--([a-z-]+)/g)].map((match) => match[1]);
      expect(used.length).toBeGreaterThan(0);
      expect(known).toEqual(expect.arrayContaining(used));
    }
  },
);

test('the environment file says all that the service asks for, and no more', () => {
  const asked = [...read('kam-sync@.service').matchAll(/\$\{(KAM_[A-Z_]+)\}/g)].map((match) => match[1] ?? '');
  expect(settingsIn(read('production.env')).toSorted()).toEqual(asked.toSorted());
  expect(settingsIn(read('kam-sync.cron')).toSorted()).toEqual(asked.toSorted());
});

test('the crontab line starts once a night, as a user of its own, and a failed login starts no sync', () => {
  const [line = ''] = read('kam-sync.cron')
    .split('\n')
    .filter((text) => /^[0-9*]/.test(text));
  const [minute, hour, day, month, weekday, user, ...command] = line.split(/\s+/);
  expect([Number(minute) < 60, Number(hour) < 24, day, month, weekday, user]).toEqual([
    true,
    true,
    '*',
    '*',
    '*',
    'kam',
  ]);
  // cron reads an unescaped percent sign as the end of the line.
  expect(line).not.toContain('%');
  expect(spawnSync('sh', ['-n', '-c', command.join(' ')]).status).toBe(0);
  expect(command.join(' ')).toMatch(/org login jwt .* && \S+ kam sync /);
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.runIf(hasSystemd)('systemd loads service and timer, and finds nothing to complain about', () => {
  const units = mkdtempSync(join(tmpdir(), 'kam-units-'));
  try {
    for (const ending of ['service', 'timer']) {
      // The command need not be installed where the test runs.
      const unit = read(`kam-sync@.${ending}`).replaceAll('/usr/local/bin/sf', '/bin/sh');
      writeFileSync(join(units, `kam-sync@production.${ending}`), unit);
    }
    const files = ['service', 'timer'].map((ending) => join(units, `kam-sync@production.${ending}`));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const at = /OnCalendar=(.+)/.exec(read('kam-sync@.timer'))?.[1] ?? '';
    expect(execFileSync('systemd-analyze', ['calendar', at], { encoding: 'utf8' })).toContain('02:15:00');
  } finally {
    rmSync(units, { recursive: true, force: true });
  }
});
