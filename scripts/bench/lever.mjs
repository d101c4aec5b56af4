// Prints what "what would it take?" costs on a large book: the assess step of a run (potentials, lines and places, a
// decision per group) and the part of it that looks for each group's cheapest change. The book is made up: 100,000
// groups of one account, six families, six sales each; same figures in every run.
//
//   node_modules/.bin/node scripts/build.mjs && node_modules/.bin/node scripts/bench/lever.mjs [groups]
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook } from '../../lib/book/book.js';
import { cheapestLever } from '../../lib/kam/lever.js';
import { parseSettings } from '../../lib/kam/settings.js';
import { standingAfter } from '../../lib/kam/standing.js';
import { assessGroups, assessPotentials, decisionsOf, standingOf } from '../../lib/sync/assess.js';

const groups = Number(process.argv[2] ?? 100_000);
/** The search may cost at most this share of the assess step. */
const BAR = 0.1;
const families = ['Pumps', 'Valves', 'Service', 'Seals', 'Drives', 'Filters'];
const industries = ['Machinery', 'Food', 'Chemicals', 'Energy'];

let state = 20_260_101;
const chance = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};
const oneOf = (list) => list[Math.floor(chance() * list.length)];

const folder = mkdtempSync(join(tmpdir(), 'kam-lever-'));
try {
  await write('accounts.csv', 'account_id,name,industry,employees,country,parent_id', function* () {
    for (let n = 0; n < groups; n += 1)
      yield `A${n},Account ${n},${oneOf(industries)},${oneOf([20, 200, 2000])},Germany,`;
  });
  await write('sales.csv', 'account_id,date,product_family,product,quantity,amount,cost', function* () {
    for (let n = 0; n < groups; n += 1) {
      // A few are large, most are small.
      const size = 500 * Math.exp(5 * chance() * chance());
      for (let sale = 0; sale < 6; sale += 1) {
        const month = String(1 + Math.floor(chance() * 10)).padStart(2, '0');
        const amount = (size * (0.5 + chance())).toFixed(2);
        yield `A${n},${2024 + (sale % 3)}-${month}-15,${oneOf(families)},,1,${amount},`;
      }
    }
  });
  const { settings } = parseSettings({
    segment: { minimumRevenue: 500, minimumPotential: 200 },
    score: { threshold: 40 },
    adoption: { lookalikes: 'off' },
    families: families.map((family) => ({ family, margin: 0.3 })),
  });
  const book = await openBook(join(folder, 'book.duckdb'));
  try {
    await book.readFolder(folder);
    await book.derive(settings, '2026-10-31', '2026-11-24');
    await measure(book, settings);
  } finally {
    await book.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(book, settings) {
  const potentials = await cpu(() => assessPotentials(book, settings));
  const stream = async function* () {
    for await (const batch of book.groups(50)) yield batch.map((view) => ({ view, standing: standingOf(view) }));
  };
  const { result: assessment, seconds: places } = await cpu(() => assessGroups(stream, settings, null));
  let search = 0;
  const levers = new Map();
  const { seconds: decisions } = await cpu(async () => {
    for await (const batch of decisionsOf(stream, settings, assessment)) {
      await book.storeDecisions(batch.map(({ decision }) => decision));
      // Once more, by itself, so that it can be timed.
      const before = process.cpuUsage();
      for (const { view, decision } of batch) {
        const standing = standingAfter(decision, standingOf(view), view.facts);
        const { lines, scale, programme } = assessment;
        const lacks = programme.lacksRoom(view.facts.people.manager);
        const lever = cheapestLever(decision, { ...view, standing, lines, scale, lacks }, settings);
        const kind = lever === null ? 'none' : `${lever.is} → ${lever.to}`;
        levers.set(kind, (levers.get(kind) ?? 0) + 1);
      }
      search += secondsSince(before);
    }
  });
  const all = potentials.seconds + places + decisions - search;
  console.log(`${groups.toLocaleString('en')} groups, ${assessment.entrants.toLocaleString('en')} in the funnel`);
  console.log(`  assess, without the search   ${(all - search).toFixed(1).padStart(6)} s CPU`);
  console.log(`    potentials                 ${potentials.seconds.toFixed(1).padStart(6)} s`);
  console.log(`    lines and places           ${places.toFixed(1).padStart(6)} s`);
  console.log(`    decisions, stored          ${(decisions - 2 * search).toFixed(1).padStart(6)} s`);
  console.log(`  search for the cheapest      ${search.toFixed(1).padStart(6)} s CPU`);
  console.log(`  with / without               ${(all / (all - search)).toFixed(3).padStart(6)}   (bar: ${1 + BAR})`);
  for (const [kind, count] of [...levers].sort()) console.log(`    ${String(count).padStart(7)}  ${kind}`);
  if (search > BAR * (all - search)) process.exitCode = 1;
}

async function cpu(work) {
  const before = process.cpuUsage();
  const result = await work();
  return { result, seconds: secondsSince(before) };
}

function secondsSince(before) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function write(name, head, lines) {
  const file = createWriteStream(join(folder, name));
  file.write(`${head}\n`);
  for (const line of lines()) if (!file.write(`${line}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
}
