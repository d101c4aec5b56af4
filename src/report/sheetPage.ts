/** The conversation sheet as one page of HTML for A4 paper; it needs no network, and names nothing internal. */
import sumBy from 'lodash/sumBy.js';
import type { Sheet, SheetLine, SheetQuestion } from '../kam/sheet.js';
import { day, money, projectAreaName, type Language, type Speech } from '../kam/wording.js';
import { escaped } from './page.js';
import {
  asOfText,
  askIntro,
  askText,
  benefitName,
  benefitText,
  choicesOf,
  lineState,
  lineWhat,
  moreText,
  projectState,
  questionText,
  reasonSentence,
  sheetLabels,
  shortened,
  sideText,
  unfinishedText,
} from './sheetWords.js';

/**
 * How many entries of each list one page holds, the longest texts and all, and how many lines of benefits; the rest is
 * counted. Measured in print, with the test beside this page.
 */
type Room = Record<'benefits' | 'asks' | 'ledger' | 'projects' | 'questions', number>;

const rooms: Record<'before' | 'one' | 'both', Room> = {
  before: { benefits: 20, asks: 9, ledger: 0, projects: 0, questions: 8 },
  one: { benefits: 16, asks: 8, ledger: 6, projects: 3, questions: 6 },
  both: { benefits: 16, asks: 6, ledger: 4, projects: 2, questions: 4 },
};

/** The more stands between the two sides already, the less is left to ask. */
const roomOn = ({ ledger, projects }: Sheet): keyof typeof rooms =>
  ledger.length > 0 && projects.length > 0 ? 'both' : ledger.length > 0 || projects.length > 0 ? 'one' : 'before';

/** Signs of a name or text that one page holds. */
const LENGTH = { name: 110, benefit: 42, text: 120, what: 56, person: 28, project: 44 } as const;

/**
 * Renders the sheet.
 *
 * Shape:  one page of A4 with whatever the book holds: lists are cut after so many entries, texts after so many signs,
 *         and what is left of the page is room for notes.
 */
export function sheetPage(sheet: Sheet, speech: Speech): string {
  const { language } = speech;
  const labels = sheetLabels[language];
  const roomName = roomOn(sheet);
  const room = rooms[roomName];
  const name = shortened(sheet.name, LENGTH.name);
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(`${name} – ${labels.kicker}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${roomName}">
<header>
<p class="kicker">${escaped(labels.kicker)}</p>
<h1>${escaped(name)}</h1>
<p class="meta"><span>${escaped(asOfText(sheet, speech))}</span><span class="blank">${escaped(labels.date)}</span><span class="blank wide">${escaped(labels.present)}</span></p>
</header>
<div class="columns">
<section id="why"><h2>${escaped(labels.why)}</h2>
<ul>${sheet.reasons.map((reason) => `<li>${escaped(reasonSentence(reason, speech))}</li>`).join('')}</ul></section>
${offerSection(sheet, room, language)}
</div>
${askSection(sheet, room, language)}
${ledgerSection(sheet, room, speech)}${projectSection(sheet, room, speech)}${questionSection(sheet, room, language)}
<section id="notes"><h2>${escaped(labels.notes)}</h2>${LINES}</section>
</main>
</body>
</html>
`;
}

/** Without a catalogue there is room to write down what is offered. */
function offerSection({ benefits }: Sheet, room: Room, language: Language): string {
  const labels = sheetLabels[language];
  const texts = benefits.map((benefit) => ({
    name: shortened(benefitName(benefit, language), LENGTH.benefit),
    text: shortened(benefitText(benefit, language), LENGTH.text),
  }));
  const shown = texts.filter((_, n) => linesOf(texts.slice(0, n + 1)) <= room.benefits);
  const items = shown.map(
    ({ name, text }) => `<li><b>${escaped(name)}</b>${text === '' ? '' : `: ${escaped(text)}`}</li>`,
  );
  return `<section id="offer"><h2>${escaped(labels.offer)}</h2><p class="intro">${escaped(labels.offerIntro)}</p>
${items.length === 0 ? LINES : `<ul>${items.join('')}</ul>${moreOf(texts.length, items.length, language)}`}</section>`;
}

/** Lines that benefits take in their column, rather more than less. */
const linesOf = (texts: readonly { name: string; text: string }[]): number =>
  sumBy(texts, ({ name, text }) => Math.ceil((name.length + 2 + text.length) / SIGNS_OF_A_LINE));

const SIGNS_OF_A_LINE = 50;

function askSection({ asks, minimum, unfinished }: Sheet, room: Room, language: Language): string {
  const labels = sheetLabels[language];
  const head = `<section id="ask"><h2>${escaped(labels.ask)}</h2>`;
  if (asks.length === 0) return `${head}<p>${escaped(labels.allGiven)}</p></section>`;
  const hints = [askIntro(minimum, language), ...unfinished.map((gap) => unfinishedText(gap, language))];
  const rows = asks
    .slice(0, room.asks)
    .map(
      (ask) =>
        `<li><span class="box"></span><span class="what">${escaped(askText(ask, language))}</span><span class="blank">${escaped(labels.who)}</span><span class="blank">${escaped(labels.byWhen)}</span></li>`,
    );
  return `${head}<p class="intro">${escaped(hints.join(' '))}</p><ul class="asks">${rows.join('')}</ul>${moreOf(asks.length, room.asks, language)}</section>`;
}

function ledgerSection({ ledger }: Sheet, room: Room, speech: Speech): string {
  if (ledger.length === 0) return '';
  const { language } = speech;
  const labels = sheetLabels[language];
  const rowOf = (line: SheetLine): string[] => [
    sideText(line.side, language),
    shortened(lineWhat(line, language), LENGTH.what),
    line.side === 'get' && line.theirOwner !== null ? shortened(line.theirOwner, LENGTH.person) : '',
    line.dueOn === null ? '' : day(line.dueOn, speech),
    lineState(line.state, language),
  ];
  const heads = [labels.giver, labels.what, labels.who, labels.byWhen, labels.state];
  return `<section id="ledger"><h2>${escaped(labels.ledger)}</h2>${tableOf(heads, ledger.slice(0, room.ledger).map(rowOf))}${moreOf(ledger.length, room.ledger, language)}</section>
`;
}

function projectSection({ projects }: Sheet, room: Room, speech: Speech): string {
  if (projects.length === 0) return '';
  const { language } = speech;
  const labels = sheetLabels[language];
  const rows = projects
    .slice(0, room.projects)
    .map(({ name, area, state, saving }) => [
      shortened(name, LENGTH.project),
      area === null ? '' : projectAreaName(area, language),
      projectState(state, language),
      saving === null ? '' : money(saving, speech),
    ]);
  const heads = [labels.project, labels.area, labels.state, labels.saving];
  return `<section id="projects"><h2>${escaped(labels.projects)}</h2>${tableOf(heads, rows)}${moreOf(projects.length, room.projects, language)}</section>
`;
}

/** Each with a line to write the answer on. */
function questionSection({ questions }: Sheet, room: Room, language: Language): string {
  if (questions.length === 0) return '';
  const itemOf = (question: SheetQuestion): string => {
    const choices = choicesOf(question, language).map(
      (choice) => `<span class="choice"><span class="box"></span>${escaped(choice)}</span>`,
    );
    const ticks = choices.length === 0 ? '' : `<p class="choices">${choices.join('')}</p>`;
    return `<li>${escaped(questionText(question, language))}${ticks}</li>`;
  };
  return `<section id="questions"><h2>${escaped(sheetLabels[language].questions)}</h2><ol>${questions.slice(0, room.questions).map(itemOf).join('')}</ol></section>
`;
}

const tableOf = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${heads.map((head) => `<th>${escaped(head)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`;

const moreOf = (count: number, shown: number, language: Language): string =>
  count <= shown ? '' : `<p class="more">${escaped(moreText(count - shown, language))}</p>`;

/** Ruled lines for as much room as there is. */
const LINES = `<div class="lines"><div>${'<i></i>'.repeat(40)}</div></div>`;

/** Borders only: browsers leave backgrounds out when they print. */
const STYLE = `
@page { size: A4; margin: 11mm 14mm; }
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; color: #1a1a1a; font: 8.6pt/1.32 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
main { display: flex; flex-direction: column; gap: 2.6mm; width: 182mm; min-height: 274mm; overflow-wrap: anywhere; }
main.before { font-size: 9pt; }
@media screen { body { background: #eee; } main { background: #fff; margin: 8mm auto; padding: 11mm 14mm; width: 210mm; min-height: 297mm; } }
h1 { font-size: 15pt; line-height: 1.15; margin: 0.4mm 0 1mm; }
h2 { font-size: 9.6pt; margin: 0 0 0.8mm; color: #0b4a7d; border-bottom: 0.3mm solid #0b4a7d; break-after: avoid; }
p, ul, ol, table { margin: 0; padding: 0; } li { break-inside: avoid; }
.kicker { color: #0b4a7d; font-weight: 600; }
.meta { display: flex; gap: 5mm; color: #444; align-items: end; }
.intro, .more { color: #555; font-size: 7.8pt; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm; }
.columns ul { padding-left: 3.6mm; } .columns li { margin-top: 0.7mm; }
.blank { flex: 1; border-bottom: 0.2mm solid #999; color: #777; font-size: 7pt; min-height: 4.6mm; align-self: end; }
.blank.wide { flex: 3; }
.box { display: inline-block; width: 2.8mm; height: 2.8mm; border: 0.25mm solid #444; flex: none; align-self: center; }
.asks { list-style: none; display: grid; grid-template-columns: 1fr 1fr; column-gap: 6mm; }
.asks li { display: flex; gap: 2mm; align-items: end; min-height: 5.8mm; padding-top: 0.8mm; } .asks .box { align-self: start; margin-top: 0.5mm; } .asks .what { flex: 2.4; align-self: start; }
table { width: 100%; border-collapse: collapse; font-size: 8pt; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: #555; padding: 0.3mm 3mm 0.3mm 0; }
td:not(:nth-child(2)), th { white-space: nowrap; } td:first-child { white-space: normal; } td { border-top: 0.15mm solid #ccc; padding: 0.4mm 3mm 0.4mm 0; vertical-align: top; }
#projects td:last-child, #projects th:last-child { text-align: right; padding-right: 0; white-space: nowrap; }
#questions ol { list-style: none; display: grid; grid-template-columns: 1fr 1fr; column-gap: 6mm; }
#questions li { border-bottom: 0.2mm solid #999; min-height: 10.5mm; padding-top: 1mm; padding-bottom: 4mm; }
#questions li:has(.choices) { padding-bottom: 1mm; }
.choices { display: flex; gap: 6mm; margin-top: 1mm; } .choice { display: flex; gap: 1.2mm; }
#notes { flex: 1; display: flex; flex-direction: column; }
.lines { flex: 1; min-height: 13mm; position: relative; overflow: hidden; }
.lines div { position: absolute; inset: 0; } .lines i { display: block; height: 6.5mm; border-bottom: 0.2mm solid #999; }
#offer .lines { height: 26mm; }
`;
