// Puts what `npm start -- --exit` prints into README.md; run after a build, when the summary has changed.
//
//   node_modules/.bin/node scripts/readme.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const { stdout, status, stderr } = spawnSync(process.execPath, ['bin/run.js', 'kam', 'demo', '--exit'], {
  cwd: root,
  encoding: 'utf8',
});
if (status !== 0) throw new Error(stderr);
// What differs from start to start is shown as one example.
const shown = stdout
  .replace(/00D\w{15}/, '00D000000000001EAA')
  .replace(/127\.0\.0\.1:\d+/, '127.0.0.1:8610')
  .replace(/in \d+\.\d s with/, 'in 1.4 s with')
  .trim();
const readme = new URL('../README.md', import.meta.url);
const text = readFileSync(readme, 'utf8');
writeFileSync(
  readme,
  text.replace(/<!-- demo -->[\s\S]*<!-- \/demo -->/, () => `<!-- demo -->\n\`\`\`\n${shown}\n\`\`\`\n<!-- /demo -->`),
);
