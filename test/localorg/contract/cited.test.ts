/** Every file of the contract says where its cases come from; the harness refuses a case of its own that cites nobody. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contract } from '../../support/contract.js';

const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && name !== 'cited.test.ts');

test.each(files)('%s names its sources in its first lines', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  expect(text.slice(0, text.indexOf('*/'))).toContain('Sources: ');
});

test('a case without a source is refused', () => {
  expect(() => {
    contract('water is wet', { source: ' ' }, async () => Promise.resolve());
  }).toThrow(/"water is wet" cites nobody/);
});
