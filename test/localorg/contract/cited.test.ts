/** Every case of the contract says where it comes from: the harness refuses one that does not, and no case goes past it. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contract } from '../../support/contract.js';

const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && name !== 'cited.test.ts');

test.each(files)('%s names its sources in its first lines', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  expect(text.slice(0, text.indexOf('*/'))).toContain('Sources: ');
});

test.each(files)('%s has no case that the harness does not see', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  expect(text).toMatch(/from '\.\.\/\.\.\/support\/contract\.js'/);
  expect(/import \{([^}]*)\} from 'vitest'/.exec(text)?.[1]).not.toMatch(/\b(test|it)\b/);
});

test('a case without a source is refused', () => {
  expect(() => {
    contract('water is wet', { source: ' ' }, async () => Promise.resolve());
  }).toThrow(/"water is wet" cites nobody/);
});
