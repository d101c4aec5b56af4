/**
 * A sync in a process of its own, killed (SIGKILL) at 60 points of pull and write: the rerun converges, and what the
 * journal says of the dead run is what the org has.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/kill.test.ts      KAM_KILLS=200 for more points
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../../src/org/connect.js';
import { openJournal } from '../../src/org/journal.js';
import { findRows, isSo, rowOf, says } from '../../src/org/row.js';
import { machineBuilders, margins, roundAnchors } from '../sync/machineBuilders.js';
import { stateOf } from '../sync/chaos.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';

const points = Number(process.env['KAM_KILLS'] ?? 60);
const entry = new URL('../../bin/run.js', import.meta.url).pathname;

const inOrg = <T>(work: (org: SmallOrg) => Promise<T>): Promise<T> =>
  withSmallOrg(machineBuilders, { settings: roundAnchors, families: margins }, work);

/** The process itself, no shell around it. */
function start(org: SmallOrg): ChildProcess {
  return spawn(process.execPath, [entry, 'kam', 'sync', '--target-org', org.accessToken, '--json'], {
    env: { ...process.env, SF_ORG_INSTANCE_URL: org.instanceUrl, XDG_STATE_HOME: org.stateHome, NODE_OPTIONS: '' },
    stdio: 'ignore',
  });
}

const faults = z.object({ log: z.array(z.unknown()) });
const fired = async (org: SmallOrg): Promise<number> =>
  faults.parse(await org.client.send('GET', '/local/faults')).log.length;

let quiet: string[] = [];
/** Requests that a sync sends. */
let requests = 0;
beforeAll(async () => {
  await inOrg(async (org) => {
    await org.client.send('POST', '/local/faults', { kind: 'latency', ms: 0, every: 1 });
    const child = start(org);
    expect(await once(child, 'exit')).toEqual([0, null]);
    requests = await fired(org);
    quiet = await stateOf(org);
  });
  expect(requests).toBeGreaterThan(30);
});

/** Every request of a sync is met by some point, the last ones too; half of the points let it be done first. */
test.each(Array.from({ length: points }, (_, n) => n))('killed at point %i', (point) =>
  inOrg(async (org) => {
    const nth = Math.floor((point / points) * requests);
    // The request hangs, before it is done or with its answer under way, until the process is dead.
    const hang =
      point % 2 === 0
        ? { kind: 'latency', ms: 3_600_000, after: nth, next: 1 }
        : { kind: 'stalled-body', share: 0, after: nth, next: 1 };
    await org.client.send('POST', '/local/faults', hang);
    const child = start(org);
    const ended = once(child, 'exit');
    await Promise.race([expect.poll(() => fired(org), { timeout: 60_000, interval: 20 }).toBeGreaterThan(0), ended]);
    child.kill('SIGKILL');
    const [code, signal] = z.tuple([z.number().nullable(), z.string().nullable()]).parse(await ended);
    expect(signal ?? code).toBe('SIGKILL');
    await org.client.send('DELETE', '/local/faults');
    await journalAgrees(org);
    const rerun = await org.sync();
    expect(['done', 'nothingToDo']).toContain(rerun.outcome.is);
    expect(await stateOf(org)).toEqual(quiet);
    expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
  }),
);

/** What is noted as written stands in the org; what is noted as planned was not touched. */
async function journalAgrees(org: SmallOrg): Promise<void> {
  const kam = await connect(org.login, undefined);
  const file = join(org.stateHome, 'sf-plugin-kam', kam.orgId, 'journal.sqlite');
  if (!existsSync(file)) return;
  const journal = openJournal(file);
  try {
    const rows = journal.runs().flatMap((run) => [...journal.rows(run)]);
    const found = await findRows(
      kam,
      rows.map(({ change }) => rowOf(change)),
    );
    for (const [index, { state, change }] of rows.entries()) {
      const row = rowOf(change);
      const { before } = row;
      const record = found[index] ?? null;
      const isWritten = isSo(record, row);
      const isUntouched = before === null ? record === null : record !== null && says(record, before);
      if (state === 'written') expect(isWritten).toBe(true);
      if (state === 'planned') expect(isUntouched).toBe(true);
      if (state === 'sent') expect(isWritten || isUntouched).toBe(true);
    }
  } finally {
    journal.close();
  }
}
