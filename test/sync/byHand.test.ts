/** One account's numbers, by hand from its sales lines, as `explain` prints them and as they stand in the org. */
import { expect, test } from 'vitest';
import { argumentLines } from '../../src/report/argument.js';
import { withSmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

test("Alpha's figures are what its sales lines and its peers' say", () =>
  withSmallOrg(machineBuilders, { settings: roundAnchors, families: margins }, async (org) => {
    await org.enter('Alpha', { KAM_Lighthouse__c: 3, KAM_Opinion_Leader__c: 1, KAM_Evidence__c: 'Visited by peers' });
    await org.sync();

    // Three sales of 100,000.00, one in each 12-month window up to 2026-10-31.
    const sold = machineBuilders.sales.filter(([name]) => name === 'Alpha').map(([, , , amount]) => Number(amount));
    const revenue = sold.reduce((sum, amount) => sum + amount, 0) / 3;
    expect(revenue).toBe(100_000);
    // 9 of 10 comparable accounts buy valves, for 30 % of their revenue in the middle; service for 10 %.
    const crossSell = (9 / 10) * 0.3 * revenue + (9 / 10) * 0.1 * revenue;
    expect(crossSell).toBe(36_000);
    // Pumps are 100 % of Alpha's revenue and 60 % of its peers': no gap.
    const upSell = 0;
    const walletShare = revenue / (revenue + crossSell + upSell);
    // All of it is pumps, at 30 %.
    const margin = 0.3 * revenue;

    // Points between the anchors: 36 of 50 thousand is 36 points, 30 thousand is 50, 100 thousand is 50;
    // two of three families are white (100 from 60 % on); no growth lies 5 of 6.5 points on the way from -5 % to 1.5 %.
    const growth = (50 * 5) / 6.5;
    const score = (35 * 36 + 25 * 50 + 20 * 50 + 10 * 100 + 10 * growth) / 100;
    expect(score.toFixed(2)).toBe('48.95');

    const fields = [
      'KAM_Revenue__c',
      'KAM_Cross_Sell__c',
      'KAM_Up_Sell__c',
      'KAM_Additional_Potential__c',
      'KAM_Wallet_Share__c',
      'KAM_Contribution_Margin__c',
      'KAM_Score__c',
      'KAM_Confidence__c',
      'KAM_Segment__c',
      'KAM_Tier__c',
      'KAM_Gate__c',
      'KAM_Gate_Result__c',
      'KAM_Assessed_On__c',
    ];
    expect(await org.account('Alpha', fields)).toEqual({
      KAM_Revenue__c: revenue,
      KAM_Cross_Sell__c: crossSell,
      KAM_Up_Sell__c: upSell,
      KAM_Additional_Potential__c: crossSell + upSell,
      KAM_Wallet_Share__c: Number((walletShare * 100).toFixed(2)),
      KAM_Contribution_Margin__c: margin,
      KAM_Score__c: Number(score.toFixed(2)),
      KAM_Confidence__c: 100,
      KAM_Segment__c: 'Top',
      KAM_Tier__c: 'Candidate',
      KAM_Gate__c: 'Ask',
      KAM_Gate_Result__c: 'Open',
      KAM_Assessed_On__c: '2026-10-31',
    });

    const printed = argumentLines(await org.explain('Alpha'), { width: 100, styled: false }).join('\n');
    expect(printed).toContain('Revenue               €100,000.00   mean of the 12-month windows');
    expect(printed).toContain('Cross-selling         €36,000.00');
    expect(printed).toContain('= 9 / 10 × €30,000.00');
    expect(printed).toContain('= 9 / 10 × €10,000.00');
    expect(printed).toContain('Up-selling            €0.00');
    expect(printed).toContain('Wallet share          73.5 %');
    expect(printed).toContain('− cost of goods       €70,000.00');
    expect(printed).toContain('= DB I                €30,000.00');
    expect(printed).toContain('Score 48.95 (must exceed 40; 100 % of the weights are known)');
    expect(printed).toContain('Stands at: Ask the customer, open');
    // At worst potential (36 points) and growth (38.5) weigh 20 % more and all others less: still 46.7.
    expect(printed).toContain('Stays a candidate under 100 % of all weights within ±20 % of those set.');
  }));

test("Beta's gap in pumps is a quarter of what its peers' upper share says", () =>
  withSmallOrg(machineBuilders, { settings: roundAnchors }, async (org) => {
    await org.sync();
    // 60 % of 100,000 against 20,000 bought; a quarter of the 40,000 is expected within a year.
    expect(await org.account('Beta', ['KAM_Up_Sell__c', 'KAM_Cross_Sell__c'])).toEqual({
      KAM_Up_Sell__c: 10_000,
      KAM_Cross_Sell__c: 0,
    });
    const printed = argumentLines(await org.explain('Beta'), { width: 100, styled: false }).join('\n');
    expect(printed).toContain('= 25 % × (€60,000.00 − €20,000.00)');
  }));
