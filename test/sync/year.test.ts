/** One year of the funnel in an org, told night by night in both languages: what people enter, and all that the sync changes. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { argumentLines } from '../../src/report/argument.js';
import { withSmallOrg, type AdminEdits, type SmallBook, type SmallOrg } from '../support/smallOrg.js';
import { margins, roundAnchors } from './machineBuilders.js';

/** Four customers buy pumps only; twelve others also buy what these don't, and say how much that could be. */
const pumpBuyers = ['Adler', 'Bergmann', 'Cramer', 'Dorn'];
const others = ['Ebert', 'Funk', 'Gross', 'Haas', 'Ihle', 'Jung', 'Kern', 'Lenz', 'Marx', 'Nagel', 'Otto', 'Popp'];

/** Each buys for 100,000 a year, on a day in October: the last twelve months hold the same sales until the next one. */
const baskets: Record<string, Record<string, string>> = {
  ...Object.fromEntries(pumpBuyers.map((name) => [name, { Pumps: '100000.00' }])),
  ...Object.fromEntries(others.map((name) => [name, { Pumps: '60000.00', Valves: '30000.00', Service: '10000.00' }])),
};
const book: SmallBook = {
  accounts: Object.keys(baskets).map((name) => ({ name, industry: 'Machinery', employees: 100, country: 'Germany' })),
  sales: Object.entries(baskets).flatMap(([name, basket]) =>
    ['2024', '2025', '2026'].flatMap((year) =>
      Object.entries(basket).map(([family, amount]) => [name, `${year}-10-15`, family, amount] as const),
    ),
  ),
};

type Language = 'en' | 'de';
const adminFor = (language: Language): { settings: AdminEdits; families: AdminEdits } => ({
  settings: {
    ...roundAnchors,
    'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Language__c: language },
  },
  families: margins,
});

type Again = '2027-12-11' | '2027-10-15';
const days: Record<Language, Record<Again, string>> = {
  en: { '2027-12-11': '11 Dec 2027', '2027-10-15': '15 Oct 2027' },
  de: { '2027-12-11': '11.12.2027', '2027-10-15': '15.10.2027' },
};

/** Every sentence of the year as a reader would write it down. */
const said = {
  en: {
    strategyUndecided:
      'Strategic criteria undecided: between 0% and 50%, 50% are needed. Missing: reference effect, opinion leadership.',
    strategyPassed: 'Strategic criteria passed by reference effect alone (rated 3).',
    score:
      'Score 46.85 exceeds 40; strongest: contribution margin 12.5 of 25, additional potential 10.5 of 35, revenue that could be lost 10 of 20.',
    scoreFell:
      'Score 26.35 does not exceed 40; most is missing: additional potential (0 of 35), contribution margin (12.5 of 25), revenue that could be lost (10 of 20).',
    top: 'Top customer: revenue €100,000 a year (high from €100,000), additional potential €30,000 a year (high from €14,000).',
    base: 'Base customer: revenue €100,000 a year (high from €100,000), additional potential €0 a year (high from €14,000).',
    notAsked: 'The customer has not been asked yet.',
    asked: 'The customer was asked on 1 Dec 2026; the answer is open.',
    silent: 'The customer was asked on 1 Dec 2026 and has not answered.',
    tooLittle:
      'The customer agreed on 10 Dec 2026, but gives too little for it: 2 of 3 commitments with a named person and a date.',
    accepted: 'The customer accepted the agreement on 10 Dec 2026.',
    declined: (again: Again) =>
      `The customer declined on 11 Dec 2026: only the price counts. Ask again on ${days.en[again]}.`,
    overridden: 'Set to Candidate by hand until 28 Feb 2027: Spain.',
    overrideExpired: 'Override to Candidate refused: it has expired.',
    rateStep:
      'Rate reference effect and opinion leadership (0–3): it decides whether this customer is a candidate. Enough to make this a candidate: reference effect rated 3 (now not rated).',
    askStep: 'Ask the customer: do they want key account care, and what do they give for it?',
    awaitStep: "Get the customer's answer.",
    agreeStep:
      'Agree with the customer on what is missing: 2 of 3 commitments with a named person and a date. Enough to make this a key account: one more commitment by the customer, with a person and a date.',
    growStep: 'Offer Valves (€22,500 a year), Service (€7,500 a year).',
    reaskStep: (again: Again) => `Ask again on ${days.en[again]}.`,
    offerValves: (name: string) => `Offer Valves: ${name}`,
    valvesExpected:
      "Expected €22,500 a year. 12 of 16 accounts of the same industry and size buy Valves, for this customer's size typically €30,000 a year.",
    rateLeader: (name: string) => `Rate opinion leadership: ${name}`,
    questionLeader:
      'Is this customer an industry or opinion leader?\n0 no · 1 regional · 2 among the top ten · 3 among the top three, or sets standards',
    rateReference: (name: string) => `Rate reference effect: ${name}`,
    questionReference:
      'How strong is the reference effect of this customer?\n0 none · 1 local · 2 known in the industry · 3 the whole industry watches',
    askCustomer: (name: string) => `Ask the customer: ${name}`,
    questions:
      '1. Do they want the special care of a key account?\n2. What do they give for it (access to countries, sites, people; joint strategy, marketing, development)?',
    overdue: 'Commitment of the customer overdue: Adler',
    overdueSays:
      'The customer has promised. It was due on 15 Jan 2027, by Weber, and is not done. Keep it, move it together, or take it back: enter which on the commitment.',
    requalify: 'Requalify key account: Adler',
    requalifySays: 'Still a key account; the figures never take that away. What speaks for looking at it again:',
    isLate: '- The only due commitment of the customer is late.',
    isBelow: '- It has not passed the gates by its figures since 28 Feb 2027.',
    overrideExpires: 'Override expires: Dorn',
    overrideExpiresSays:
      'Candidate was set by hand until 28 Feb 2027. From the day after, the customer stands where the figures and the agreement put them. Give it a new reason and end date, or empty the override.',
    askAgain: 'Ask again: Bergmann',
    askAgainSays:
      'The customer declined before. What has changed since, and what would make them want the special care of a key account today? Enter the answer on the agreement; to ask later, move its re-ask date.',
  },
  de: {
    strategyUndecided:
      'Strategische Kriterien unentschieden: zwischen 0 % und 50 %, nötig sind 50 %. Es fehlt: Leuchtturmwirkung, Meinungsführerschaft.',
    strategyPassed: 'Strategische Kriterien allein durch Leuchtturmwirkung erfüllt (Bewertung 3).',
    score:
      'Score 46,85 übertrifft 40; am stärksten: Deckungsbeitrag 12,5 von 25, zusätzliches Potenzial 10,5 von 35, Umsatz, der verloren gehen könnte 10 von 20.',
    scoreFell:
      'Score 26,35 übertrifft 40 nicht; am meisten fehlt: zusätzliches Potenzial (0 von 35), Deckungsbeitrag (12,5 von 25), Umsatz, der verloren gehen könnte (10 von 20).',
    top: 'Topkunde: Umsatz 100.000 € im Jahr (hoch ab 100.000 €), zusätzliches Potenzial 30.000 € im Jahr (hoch ab 14.000 €).',
    base: 'Basiskunde: Umsatz 100.000 € im Jahr (hoch ab 100.000 €), zusätzliches Potenzial 0 € im Jahr (hoch ab 14.000 €).',
    notAsked: 'Der Kunde wurde noch nicht gefragt.',
    asked: 'Der Kunde wurde am 01.12.2026 gefragt; die Antwort steht aus.',
    silent: 'Der Kunde wurde am 01.12.2026 gefragt und hat nicht geantwortet.',
    tooLittle:
      'Der Kunde hat am 10.12.2026 zugesagt, gibt dafür aber noch zu wenig: 2 von 3 Gegenleistungen mit Ansprechpartner und Termin.',
    accepted: 'Der Kunde hat die Vereinbarung am 10.12.2026 angenommen.',
    declined: (again: Again) =>
      `Der Kunde hat am 11.12.2026 abgelehnt: nur der Preis zählt. Erneut fragen am ${days.de[again]}.`,
    overridden: 'Von Hand auf Kandidat gesetzt bis 28.02.2027: Spain.',
    overrideExpired: 'Manuelle Einstufung als Kandidat nicht übernommen: sie ist abgelaufen.',
    rateStep:
      'Leuchtturmwirkung und Meinungsführerschaft bewerten (0–3): davon hängt ab, ob der Kunde Kandidat wird. Genügt für Kandidat: Leuchtturmwirkung mit 3 bewertet (heute nicht bewertet).',
    askStep: 'Den Kunden fragen: Will er die Key-Account-Betreuung, und was ist seine Gegenleistung?',
    awaitStep: 'Antwort des Kunden einholen.',
    agreeStep:
      'Mit dem Kunden vereinbaren, was fehlt: 2 von 3 Gegenleistungen mit Ansprechpartner und Termin. Genügt für Key Account: eine weitere Zusage des Kunden mit Person und Termin.',
    growStep: 'Anbieten: Valves (22.500 € im Jahr), Service (7.500 € im Jahr).',
    reaskStep: (again: Again) => `Erneut fragen am ${days.de[again]}.`,
    offerValves: (name: string) => `Valves anbieten: ${name}`,
    valvesExpected:
      'Zu erwarten: 22.500 € im Jahr. 12 von 16 Kunden gleicher Branche und Größe kaufen Valves, bei dieser Kundengröße typischerweise 30.000 € im Jahr.',
    rateLeader: (name: string) => `Meinungsführerschaft bewerten: ${name}`,
    questionLeader:
      'Ist dieser Kunde Branchen- oder Meinungsführer?\n0 nein · 1 regional · 2 unter den ersten zehn · 3 unter den ersten drei oder setzt Standards',
    rateReference: (name: string) => `Leuchtturmwirkung bewerten: ${name}`,
    questionReference:
      'Wie stark ist die Leuchtturmwirkung dieses Kunden?\n0 keine · 1 lokal · 2 in der Branche bekannt · 3 die ganze Branche schaut hin',
    askCustomer: (name: string) => `Kunden fragen: ${name}`,
    questions:
      '1. Will der Kunde die besondere Betreuung eines Key Accounts?\n2. Was ist seine Gegenleistung (Zugang zu Ländern, Standorten, Personen; gemeinsame Strategie, Vermarktung, Entwicklung)?',
    overdue: 'Zusage des Kunden überfällig: Adler',
    overdueSays:
      'Der Kunde hat zugesagt. Fällig war das am 15.01.2027, zuständig ist Weber; erledigt ist es nicht. Nachholen, gemeinsam verschieben oder zurücknehmen, und das bei der Zusage eintragen.',
    requalify: 'Key Account überprüfen: Adler',
    requalifySays: 'Weiterhin Key Account; die Zahlen nehmen das nie weg. Was für eine Überprüfung spricht:',
    isLate: '- Die einzige fällige Zusage des Kunden ist überfällig.',
    isBelow: '- Seit 28.02.2027 reichen die Zahlen nicht mehr.',
    overrideExpires: 'Manuelle Einstufung läuft ab: Dorn',
    overrideExpiresSays:
      'Kandidat wurde von Hand bis 28.02.2027 gesetzt. Ab dem Tag danach steht der Kunde dort, wo Zahlen und Vereinbarung ihn einordnen. Neu begründen und befristen, oder die manuelle Einstufung leeren.',
    askAgain: 'Erneut fragen: Bergmann',
    askAgainSays:
      'Der Kunde hat früher abgelehnt. Was hat sich seitdem geändert, und wann würde er die besondere Betreuung eines Key Accounts heute wollen? Antwort bei der Vereinbarung eintragen; soll später gefragt werden, dort das Datum der erneuten Frage verschieben.',
  },
};

describe.each(['en', 'de'] as const)('a year of the funnel, in %s', (language) => {
  const say = said[language];
  const figures = [say.score, say.top];
  const ready = [...figures, say.strategyPassed];
  const mark = (own: Record<string, unknown>, reasons: readonly string[]): Record<string, unknown> => ({
    ...own,
    KAM_Reasons__c: reasons.join('\n'),
  });
  const each = <T>(names: readonly string[], of: (name: string) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, of(name)]));

  test('ratings, questions, a yes, a no and a silence, promises, a fall, an override that ends, a day to ask again', () =>
    withSmallOrg(book, adminFor(language), async (org) => {
      const night = await nightsIn(org);
      /** Where each group stands; at the end of a month each gets a row that says so. */
      let stand: Record<string, string> = {
        ...each(pumpBuyers, () => 'Standard · Top · Strategy Undecided · 46.85'),
        ...each(others, () => 'Standard · Base · Score Failed · 31.93'),
      };
      const rows = (asOf: string, names = Object.keys(stand)): Record<string, string> =>
        each(names, (name) => `${asOf} · ${stand[name] ?? ''}`);

      // The first sync: four customers whom missing ratings could make candidates, and people are asked for these only.
      const asked2026 = 'grow|Valves|2026-Q4 rate|opinionLeader|2026-Q4 rate|referenceCustomer|2026-Q4';
      const undecided = mark(
        {
          KAM_Tier__c: 'Standard',
          KAM_Segment__c: 'Top',
          KAM_Gate__c: 'Strategy',
          KAM_Gate_Result__c: 'Undecided',
          KAM_Score__c: 46.85,
          KAM_Confidence__c: 100,
          KAM_Revenue__c: 100_000,
          // Three quarters of their like buy valves for 30,000 and service for 10,000.
          KAM_Cross_Sell__c: 30_000,
          KAM_Up_Sell__c: 0,
          KAM_Additional_Potential__c: 30_000,
          KAM_Contribution_Margin__c: 30_000,
          KAM_Wallet_Share__c: 76.92,
          KAM_Next_Step__c: say.rateStep,
          KAM_Assessed_On__c: '2026-10-31',
          KAM_Task_Refs__c: asked2026,
        },
        [say.strategyUndecided, ...figures],
      );
      const first = await night('2026-11-24');
      expect(first.accounts).toMatchObject(each(pumpBuyers, (name) => ({ ...undecided, KAM_Group__c: name })));
      expect(first.accounts).toMatchObject(
        each(others, () => ({ KAM_Tier__c: 'Standard', KAM_Segment__c: 'Base', KAM_Gate_Result__c: 'Failed' })),
      );
      expect(first.notes).toEqual([]);
      expect(first.history).toEqual(rows('2026-10-31'));
      expect(first.opened).toEqual(
        pumpBuyers.flatMap((name) => [
          {
            ref: `KAM|${name}|grow|Valves|2026-Q4`,
            subject: say.offerValves(name),
            says: say.valvesExpected,
            dueOn: '2026-12-24',
            priority: 'Normal',
          },
          ...ratingTasks(say, name, '2026-Q4', '2026-12-15'),
        ]),
      );

      // Three are rated: the whole industry watches them. Adler's rep ticks his tasks off, the worker ticks the others.
      for (const name of ['Adler', 'Bergmann', 'Cramer']) {
        await org.enter(name, { KAM_Lighthouse__c: 3, KAM_Opinion_Leader__c: 2, KAM_Evidence__c: 'Trade fair 2026' });
      }
      await completeTasks(org, 'Adler', 'rate');
      const asksFor = (name: string, year: string, dueOn: string): Opened => ({
        ref: `KAM|${name}|ask|customer|${year}`,
        subject: say.askCustomer(name),
        says: say.questions,
        dueOn,
        priority: 'High',
      });
      stand = { ...stand, ...each(['Adler', 'Bergmann', 'Cramer'], () => 'Candidate · Top · Ask Open · 46.85') };
      expect(await night('2026-11-25')).toEqual({
        ...quiet,
        accounts: each(['Adler', 'Bergmann', 'Cramer'], () =>
          mark(
            {
              KAM_Tier__c: 'Candidate',
              KAM_Gate__c: 'Ask',
              KAM_Gate_Result__c: 'Open',
              KAM_Next_Step__c: say.askStep,
              KAM_Tier_Since__c: '2026-11-25',
              KAM_Rated_On__c: '2026-11-25',
              KAM_Rated_As__c: expect.stringContaining('referenceCustomer 3 2026-11-25; opinionLeader 2 2026-11-25'),
              KAM_Task_Refs__c: `${asked2026} ask|customer|2026`,
            },
            [...ready, say.notAsked],
          ),
        ),
        opened: ['Adler', 'Bergmann', 'Cramer'].map((name) => asksFor(name, '2026', '2026-12-25')),
        closed: ['Bergmann', 'Cramer'].flatMap((name) => [
          `KAM|${name}|rate|opinionLeader|2026-Q4`,
          `KAM|${name}|rate|referenceCustomer|2026-Q4`,
        ]),
        history: rows('2026-10-31', ['Adler', 'Bergmann', 'Cramer']),
      });

      // The three are asked. A manager puts Dorn forward until the end of February, without waiting for the ratings.
      const agreements = new Map<string, string>();
      for (const name of ['Adler', 'Bergmann', 'Cramer']) {
        agreements.set(name, await org.agree(name, { State__c: 'Asked', Asked_On__c: '2026-12-01' }));
      }
      await org.enter('Dorn', {
        KAM_Override_Tier__c: 'Candidate',
        KAM_Override_Reason__c: 'Spain',
        KAM_Override_Until__c: '2027-02-28',
      });
      stand = { ...stand, Dorn: 'Candidate · Top · Strategy Undecided · 46.85' };
      expect(await night('2026-12-01')).toEqual({
        ...quiet,
        accounts: {
          ...each(['Adler', 'Bergmann', 'Cramer'], () =>
            mark({ KAM_Next_Step__c: say.awaitStep, KAM_Assessed_On__c: '2026-11-30' }, [say.asked, ...ready]),
          ),
          Dorn: mark(
            {
              KAM_Tier__c: 'Candidate',
              KAM_Next_Step__c: say.askStep,
              KAM_Tier_Since__c: '2026-12-01',
              KAM_Task_Refs__c: `${asked2026} ask|customer|2026`,
              KAM_Assessed_On__c: '2026-11-30',
            },
            [say.overridden, say.strategyUndecided, ...figures],
          ),
        },
        opened: [asksFor('Dorn', '2026', '2026-12-31')],
        closed: [
          'KAM|Adler|ask|customer|2026',
          'KAM|Bergmann|ask|customer|2026',
          'KAM|Cramer|ask|customer|2026',
          'KAM|Dorn|rate|opinionLeader|2026-Q4',
          'KAM|Dorn|rate|referenceCustomer|2026-Q4',
        ],
        // A month has ended.
        history: rows('2026-11-30'),
      });

      // Adler says yes and promises too little; Bergmann says no.
      const weber = await org.contact('Adler', 'Weber');
      const get = (type: string, dueOn: string): Record<string, unknown> => ({
        Side__c: 'Get',
        Type__c: type,
        Their_Owner__c: weber,
        Due_On__c: dueOn,
      });
      await org.agree(
        'Adler',
        {
          State__c: 'Accepted',
          Answered_On__c: '2026-12-10',
          Wants_Care__c: 'Yes',
          In_Return__c: 'Opens the plants in Spain',
        },
        [get('Access to Sites', '2027-01-15'), get('Volume', '2027-12-31')],
        agreements.get('Adler'),
      );
      await org.agree(
        'Bergmann',
        { State__c: 'Declined', Answered_On__c: '2026-12-11', Decline_Reason__c: 'Price Only' },
        [],
        agreements.get('Bergmann'),
      );
      stand = { ...stand, Bergmann: 'Large Account · Top · Ask Failed · 46.85' };
      expect(await night('2026-12-15')).toEqual({
        ...quiet,
        accounts: {
          Adler: mark({ KAM_Next_Step__c: say.agreeStep }, [say.tooLittle, ...ready]),
          // Twelve months after the answer, by setting.
          Bergmann: mark(
            {
              KAM_Tier__c: 'Large Account',
              KAM_Tier_Since__c: '2026-12-15',
              KAM_Gate_Result__c: 'Failed',
              KAM_Next_Step__c: say.reaskStep('2027-12-11'),
            },
            [say.declined('2027-12-11'), ...ready],
          ),
        },
        history: rows('2026-11-30', ['Bergmann']),
      });

      // A third promise makes Adler a key account; Cramer stays silent.
      await org.agree('Adler', {}, [get('Joint Strategy', '2027-11-30')], agreements.get('Adler'));
      await org.agree('Cramer', { State__c: 'No Answer' }, [], agreements.get('Cramer'));
      stand = { ...stand, Adler: 'Key Account · Top · Ask Passed · 46.85' };
      expect(await night('2026-12-20')).toEqual({
        ...quiet,
        accounts: {
          Adler: mark(
            {
              KAM_Tier__c: 'Key Account',
              KAM_Tier_Since__c: '2026-12-20',
              KAM_Gate_Result__c: 'Passed',
              KAM_Next_Step__c: say.growStep,
            },
            [say.accepted, ...ready],
          ),
          Cramer: mark({ KAM_Next_Step__c: say.askStep }, [say.silent, ...ready]),
        },
        // The worker had closed the question when it was asked; it opens it again.
        opened: [asksFor('Cramer', '2026', '2027-01-19')],
        history: rows('2026-11-30', ['Adler']),
      });

      // February: access to the sites was promised for January. Dorn's override has four weeks to go.
      const overdue = 'commitmentOverdue|Access to Sites|2027-01';
      expect(await night('2027-02-01')).toEqual({
        ...quiet,
        accounts: {
          Adler: { KAM_Task_Refs__c: `${overdue} requalify|agreement|2027-Q1` },
          Dorn: { KAM_Task_Refs__c: 'overrideExpiring|2027-02-28|2027' },
        },
        opened: [
          {
            ref: `KAM|Adler|${overdue}`,
            subject: say.overdue,
            says: say.overdueSays,
            dueOn: '2027-02-15',
            priority: 'High',
          },
          requalifyTask(say, say.isLate, '2027-03-03'),
          {
            ref: 'KAM|Dorn|overrideExpiring|2027-02-28|2027',
            subject: say.overrideExpires,
            says: say.overrideExpiresSays,
            dueOn: '2027-02-28',
            priority: 'Normal',
          },
        ],
        history: rows('2027-01-31'),
      });
      const explained = argumentLines(await org.explain('Adler'), { width: 100, styled: false }).join('\n');
      expect(explained).toContain('The customer gives: 3 promised, 0 done, 1 late');

      // March: the plants are open, but Adler will never buy valves nor service from outside. The score falls, the crown
      // stays. Nobody renewed Dorn's override: he stands where the missing ratings put him.
      const [sites] = await org.client.query("SELECT Id FROM KAM_Commitment__c WHERE Type__c = 'Access to Sites'");
      await org.client.send('PATCH', `sobjects/KAM_Commitment__c/${String(sites?.['Id'])}`, {
        Done_On__c: '2027-02-20',
        Evidence__c: 'Visit to the plant in Bilbao',
      });
      for (const family of ['Valves', 'Service']) {
        await org.enterOnFamily('Adler', family, {
          Stated_Wallet__c: 0,
          Stated_On__c: '2027-02-20',
          Stated_Source__c: 'Customer in Writing',
        });
      }
      stand = {
        ...stand,
        Adler: 'Key Account · Base · Ask Passed · 26.35',
        Dorn: 'Standard · Top · Strategy Undecided · 46.85',
      };
      expect(await night('2027-03-02')).toEqual({
        ...quiet,
        accounts: {
          Adler: mark(
            {
              KAM_Segment__c: 'Base',
              // 10.5 points of potential and 10 of breadth are gone.
              KAM_Score__c: 26.35,
              KAM_Cross_Sell__c: 0,
              KAM_Additional_Potential__c: 0,
              KAM_Wallet_Share__c: 100,
              KAM_Next_Step__c: null,
              KAM_Below_Since__c: '2027-02-28',
              KAM_Assessed_On__c: '2027-02-28',
            },
            [say.accepted, say.scoreFell, say.base, say.strategyPassed],
          ),
          Dorn: mark(
            {
              KAM_Tier__c: 'Standard',
              KAM_Tier_Since__c: '2027-03-02',
              KAM_Next_Step__c: say.rateStep,
              KAM_Task_Refs__c:
                'overrideExpiring|2027-02-28|2027 rate|opinionLeader|2027-Q1 rate|referenceCustomer|2027-Q1',
              KAM_Assessed_On__c: '2027-02-28',
            },
            [say.overrideExpired, say.strategyUndecided, ...figures],
          ),
        },
        opened: ratingTasks(say, 'Dorn', '2027-Q1', '2027-03-23'),
        closed: [
          `KAM|Adler|${overdue}`,
          'KAM|Adler|grow|Valves|2026-Q4',
          'KAM|Adler|requalify|agreement|2027-Q1',
          'KAM|Dorn|ask|customer|2026',
        ],
        history: rows('2027-02-28'),
      });

      // April: for the second month below the line. Adler is still a key account, and people should look at it.
      expect(await night('2027-04-02')).toEqual({
        ...quiet,
        opened: [requalifyTask(say, say.isBelow, '2027-05-02')],
        history: rows('2027-03-31'),
      });
      expect(await org.account('Adler', ['KAM_Tier__c'])).toEqual({ KAM_Tier__c: 'Key Account' });

      // June: Dorn's override is taken away. Bergmann's budget round is in October; his rep says so.
      await org.enter('Dorn', {
        KAM_Override_Tier__c: null,
        KAM_Override_Reason__c: null,
        KAM_Override_Until__c: null,
      });
      await org.agree('Bergmann', { Reask_On__c: '2027-10-15' }, [], agreements.get('Bergmann'));
      expect(await night('2027-06-02')).toEqual({
        ...quiet,
        accounts: {
          Bergmann: mark({ KAM_Next_Step__c: say.reaskStep('2027-10-15'), KAM_Assessed_On__c: '2027-05-31' }, [
            say.declined('2027-10-15'),
            ...ready,
          ]),
          Dorn: mark({ KAM_Assessed_On__c: '2027-05-31' }, [say.strategyUndecided, ...figures]),
        },
        closed: ['KAM|Dorn|overrideExpiring|2027-02-28|2027'],
        history: rows('2027-05-31'),
      });

      // October: the day to ask Bergmann again has come.
      expect(await night('2027-10-20')).toEqual({
        ...quiet,
        accounts: { Bergmann: { KAM_Task_Refs__c: 'reask|2027-10-15|2027' } },
        opened: [
          {
            ref: 'KAM|Bergmann|reask|2027-10-15|2027',
            subject: say.askAgain,
            says: say.askAgainSays,
            dueOn: '2027-11-19',
            priority: 'High',
          },
        ],
        history: rows('2027-09-30'),
      });
    }));
});

type Opened = { ref: string; subject: string; says: string; dueOn: string; priority: string };
type Night = {
  notes: unknown;
  /** New values of the package's fields, by account. */
  accounts: Record<string, Record<string, unknown>>;
  opened: Opened[];
  closed: string[];
  /** Rows of history that are new or written anew, by account. */
  history: Record<string, string>;
};

/** A night that changes nothing. */
const quiet: Night = { notes: [], accounts: {}, opened: [], closed: [], history: {} };

/** Syncs on the evening of a day, and tells all that has changed since before the sync. */
async function nightsIn(org: SmallOrg): Promise<(day: string) => Promise<Night>> {
  const described = z
    .object({ fields: z.array(z.object({ name: z.string() })) })
    .parse(await org.client.send('GET', 'sobjects/Account/describe'));
  const fields = described.fields.map(({ name }) => name).filter((name) => name.startsWith('KAM_'));
  return async (day) => {
    await org.moveClock(`${day}T20:00:00Z`);
    const before = await lookAt(org, fields);
    const run = await org.sync();
    const after = await lookAt(org, fields);
    // What people entered is theirs.
    expect(after.entered).toEqual(before.entered);
    return {
      notes: run.notes.map((note) => ({ ...note, examples: note.examples.map(after.named) })),
      accounts: differences(before.accounts, after.accounts),
      opened: [...after.tasks].flatMap(([ref, { status, ...task }]) =>
        status === 'Not Started' && before.tasks.get(ref)?.status !== status ? [{ ref, ...task }] : [],
      ),
      closed: [...after.tasks].flatMap(([ref, { status }]) =>
        status === 'Completed' && before.tasks.get(ref)?.status === 'Not Started' ? [ref] : [],
      ),
      history: Object.fromEntries(
        [...after.history].flatMap(([id, row]) => {
          if (before.history.get(id)?.stamp === row.stamp) return [];
          // When a row is written, it says what the account says.
          expect({ ...after.accounts[row.name], ...row.fields }).toEqual(after.accounts[row.name]);
          expect(row.adds).toBeCloseTo(Number(row.fields['KAM_Score__c']), 2);
          return [[row.name, row.says]];
        }),
      ),
    };
  };
}

type Look = {
  /** Text with names in place of ids: of accounts their own, of commitments what they promise. */
  named(text: string): string;
  accounts: Record<string, Record<string, unknown>>;
  tasks: Map<string, Omit<Opened, 'ref'> & { status: string }>;
  entered: Record<string, unknown>[];
  history: Map<string, PastRow>;
};

type PastRow = {
  name: string;
  stamp: string;
  says: string;
  /** In the names of the account's own fields. */
  fields: Record<string, unknown>;
  /** The sum of what the parts of the score add. */
  adds: number;
};

async function lookAt({ client }: SmallOrg, fields: readonly string[]): Promise<Look> {
  const accounts = await client.query(`SELECT Id, Name, ${fields.join(', ')} FROM Account`);
  const tasks = await client.query(
    'SELECT KAM_Task_Ref__c, Status, Subject, Description, ActivityDate, Priority FROM Task WHERE KAM_Task_Ref__c != null',
  );
  const agreements = await client.query('SELECT Id, SystemModstamp FROM KAM_Agreement__c ORDER BY Id');
  const commitments = await client.query('SELECT Id, Type__c, SystemModstamp FROM KAM_Commitment__c ORDER BY Id');
  const rows = await client.query(`SELECT FIELDS(ALL) FROM KAM_Assessment__c ORDER BY Id LIMIT 200`);
  const nameOf = new Map([
    ...accounts.map((account): [string, string] => [String(account['Id']), String(account['Name'])]),
    ...commitments.map((line): [string, string] => [String(line['Id']), String(line['Type__c'])]),
  ]);
  const named = (text: string): string => text.replaceAll(/\b\w{18}\b/g, (id) => nameOf.get(id) ?? id);
  /** Spaces that keep an amount in one line, as the space bar would give them. */
  const read = (value: unknown): unknown =>
    typeof value === 'string' ? named(value.replaceAll('\u00a0', ' ')) : value;
  return {
    named,
    accounts: Object.fromEntries(
      accounts.map((account) => [
        String(account['Name']),
        Object.fromEntries(fields.map((field) => [field, read(account[field])])),
      ]),
    ),
    tasks: new Map(
      tasks
        .map((task): [string, Omit<Opened, 'ref'> & { status: string }] => [
          named(String(task['KAM_Task_Ref__c'])),
          {
            status: String(task['Status']),
            subject: String(task['Subject']),
            says: String(read(task['Description'])).split('\n\n')[0] ?? '',
            dueOn: String(task['ActivityDate']),
            priority: String(task['Priority']),
          },
        ])
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    entered: [...agreements, ...commitments],
    history: new Map(rows.map((row) => [String(row['Id']), pastRow(row, nameOf, read)])),
  };
}

const breakdown = z.object({ v: z.literal(1), score: z.object({ parts: z.array(z.object({ adds: z.number() })) }) });

function pastRow(
  row: Record<string, unknown>,
  nameOf: ReadonlyMap<string, string>,
  read: (value: unknown) => unknown,
): PastRow {
  const { Tier__c, Segment__c, Gate__c, Gate_Result__c, Score__c } = row;
  const name = nameOf.get(String(row['Account__c'])) ?? '';
  const told = rowFields.map((field) => [`KAM_${field}`, read(row[field])]);
  return {
    name,
    stamp: String(row['SystemModstamp']),
    says: [row['As_Of__c'], Tier__c, Segment__c, `${String(Gate__c)} ${String(Gate_Result__c)}`, Score__c].join(' · '),
    fields: Object.fromEntries(told),
    adds: breakdown.parse(JSON.parse(String(row['Breakdown__c']))).score.parts.reduce((sum, { adds }) => sum + adds, 0),
  };
}

const rowFields = [
  'Tier__c',
  'Segment__c',
  'Gate__c',
  'Gate_Result__c',
  'Score__c',
  'Confidence__c',
  'Revenue__c',
  'Cross_Sell__c',
  'Up_Sell__c',
  'Additional_Potential__c',
  'Revenue_At_Risk__c',
  'Reasons__c',
];

function differences(before: Look['accounts'], after: Look['accounts']): Look['accounts'] {
  return Object.fromEntries(
    Object.entries(after).flatMap(([name, fields]) => {
      const changed = Object.entries(fields).filter(([field, value]) => before[name]?.[field] !== value);
      return changed.length === 0 ? [] : [[name, Object.fromEntries(changed)]];
    }),
  );
}

/** A person ticks off all tasks of one kind. */
async function completeTasks(org: SmallOrg, name: string, kind: string): Promise<void> {
  for (const { id, ref } of await org.tasks()) {
    if (ref.startsWith(`KAM|${name}|${kind}|`)) {
      await org.client.send('PATCH', `sobjects/Task/${id}`, { Status: 'Completed' });
    }
  }
}

type Said = (typeof said)[Language];

const ratingTasks = (say: Said, name: string, period: string, dueOn: string): Opened[] => [
  {
    ref: `KAM|${name}|rate|opinionLeader|${period}`,
    subject: say.rateLeader(name),
    says: say.questionLeader,
    dueOn,
    priority: 'Normal',
  },
  {
    ref: `KAM|${name}|rate|referenceCustomer|${period}`,
    subject: say.rateReference(name),
    says: say.questionReference,
    dueOn,
    priority: 'Normal',
  },
];

const requalifyTask = (say: Said, cause: string, dueOn: string): Opened => ({
  ref: 'KAM|Adler|requalify|agreement|2027-Q1',
  subject: say.requalify,
  says: `${say.requalifySays}\n${cause}`,
  dueOn,
  priority: 'High',
});
