/** The demo: a local org with the sample book, ready for its first sync. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthInfo, Org } from '@salesforce/core';
import { stringify } from 'csv-stringify/sync';
import { XMLBuilder } from 'fast-xml-parser';
import { addDays } from '../kam/calendar.js';
import { openClient, type LocalClient } from '../localorg/client.js';
import { loadBook, type Loaded, type OnLoad } from '../localorg/load.js';
import { defaultSources, startLocalOrg } from '../localorg/localOrg.js';
import type { LocalOrg } from '../localorg/server.js';
import { sampleBook, type SampleBook, type SampleFamily } from './sampleBook.js';

export type Demo = { org: LocalOrg; login: Org; loaded: Loaded; stop(): Promise<void> };

export type DemoOptions = {
  port: number;
  seed: number;
  /** The last month with sales, `YYYY-MM`; the org's clock is set into the month after. */
  lastMonth: string;
  /** Null leaves the sf CLI's logins alone. */
  alias: string | null;
  onError: (text: string) => void;
};

/**
 * Starts the org, fills it over HTTP, and logs the sf CLI in.
 *
 * Everything that the demo shows takes the way that a user's own data takes: neutral CSV files, `loadBook`, and the
 * REST API for what people enter. Nothing is kept on disk once the org stands.
 */
export async function startDemo(options: DemoOptions, onLoad: OnLoad): Promise<Demo> {
  const book = sampleBook(options.seed, options.lastMonth);
  const folder = mkdtempSync(join(tmpdir(), 'kam-demo-'));
  try {
    writeBook(book, folder);
    const org = await startLocalOrg({
      port: options.port,
      keep: { in: 'memory' },
      clock: new Date(`${options.lastMonth}-28T12:00:00Z`),
      sources: [...defaultSources, join(folder, 'metadata')],
      onError: options.onError,
    });
    const client = openClient(org.instanceUrl, org.accessToken);
    try {
      const loaded = await loadBook(folder, client, onLoad);
      await enterWhatPeopleKnow(client, book);
      const nextMonth = `${addDays(`${options.lastMonth}-28`, 10).slice(0, 7)}-03`;
      await client.send('POST', '/local/clock', { to: `${nextMonth}T06:00:00Z` });
      return { org, login: await logIn(org, options.alias), loaded, stop: () => org.stop() };
    } catch (error) {
      await org.stop();
      throw error;
    } finally {
      await client.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeBook(book: SampleBook, folder: string): void {
  const rows = book.accounts.map(({ accountId, name, industry, employees, country, parentId }) => [
    accountId,
    name,
    industry,
    employees ?? '',
    country,
    parentId ?? '',
  ]);
  writeFileSync(
    join(folder, 'accounts.csv'),
    stringify([['account_id', 'name', 'industry', 'employees', 'country', 'parent_id'], ...rows]),
  );
  const sales = book.sales.map(({ accountId, date, family, product, quantity, cents }) => [
    accountId,
    date,
    family,
    product,
    quantity,
    decimal(cents),
    '',
  ]);
  writeFileSync(
    join(folder, 'sales.csv'),
    stringify([['account_id', 'date', 'product_family', 'product', 'quantity', 'amount', 'cost'], ...sales]),
  );
  const metadata = join(folder, 'metadata', 'customMetadata');
  mkdirSync(metadata, { recursive: true });
  for (const family of book.families) {
    writeFileSync(join(metadata, `KAM_Family.${family.family.replaceAll(' ', '_')}.md-meta.xml`), familyXml(family));
  }
}

const decimal = (cents: number): string => (cents / 100).toFixed(2);

/** The family's margin as the custom metadata record that an admin would deploy. */
function familyXml({ family, margin }: SampleFamily): string {
  const value = (field: string, type: string, text: string | number | boolean): unknown => ({
    field,
    value: { '@_xsi:type': `xsd:${type}`, '#text': text },
  });
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressBooleanAttributes: false });
  const body = builder.build({
    CustomMetadata: {
      '@_xmlns': 'http://soap.sforce.com/2006/04/metadata',
      '@_xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
      '@_xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
      label: family,
      protected: false,
      values: [
        value('Family__c', 'string', family),
        value('In_Scope__c', 'boolean', true),
        value('Margin__c', 'double', (margin * 100).toFixed(1)),
      ],
    },
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

/** The label that marks key accounts in the sample book, as an admin might have added it to a standard picklist. */
export const sampleLabel = { field: 'Type', value: 'Key Account' };

/** Ratings with their evidence, today's labels, and the deals that are still open. */
async function enterWhatPeopleKnow(client: LocalClient, book: SampleBook): Promise<void> {
  const accounts = await client.query('SELECT Id, AccountNumber FROM Account');
  const idOf = new Map(accounts.map((record) => [String(record['AccountNumber']), String(record['Id'])]));
  const ratings = book.accounts.flatMap(({ accountId, ratings: rated }) =>
    rated === null
      ? []
      : [
          {
            attributes: { type: 'Account' },
            Id: idOf.get(accountId),
            KAM_Lighthouse__c: rated.referenceCustomer,
            KAM_Opinion_Leader__c: rated.opinionLeader,
            KAM_Evidence__c: rated.evidence,
          },
        ],
  );
  await client.send('PATCH', 'composite/sobjects', { allOrNone: true, records: ratings });
  const labels = book.labelled.map((accountId) => ({
    attributes: { type: 'Account' },
    Id: idOf.get(accountId),
    [sampleLabel.field]: sampleLabel.value,
  }));
  await client.send('PATCH', 'composite/sobjects', { allOrNone: true, records: labels });
  const entries = await client.query('SELECT Id, Product2.Name FROM PricebookEntry');
  const entryOf = new Map(entries.map((record) => [productNameIn(record), String(record['Id'])]));
  for (const { accountId, closeDate, product, cents } of book.pipeline) {
    const entry = entryOf.get(product);
    if (entry === undefined) continue;
    const opportunity = await client.send('POST', 'sobjects/Opportunity', {
      Name: `${product} for ${accountId}`,
      AccountId: idOf.get(accountId),
      StageName: 'Proposal/Price Quote',
      CloseDate: closeDate,
    });
    await client.send('POST', 'sobjects/OpportunityLineItem', {
      OpportunityId: createdId(opportunity),
      PricebookEntryId: entry,
      Quantity: 1,
      TotalPrice: decimal(cents),
    });
  }
}

function productNameIn(record: Record<string, unknown>): string {
  const product = record['Product2'];
  return typeof product === 'object' && product !== null && 'Name' in product ? String(product.Name) : '';
}

const createdId = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null && 'id' in answer ? String(answer.id) : '';

async function logIn({ instanceUrl, accessToken }: LocalOrg, alias: string | null): Promise<Org> {
  if (alias !== null) {
    const info = await AuthInfo.create({ accessTokenOptions: { accessToken, instanceUrl, loginUrl: instanceUrl } });
    await info.save();
    await info.handleAliasAndDefaultSettings({ alias, setDefault: false, setDefaultDevHub: false });
    return Org.create({ aliasOrUsername: info.getUsername() });
  }
  process.env['SF_ORG_INSTANCE_URL'] = instanceUrl;
  return Org.create({ aliasOrUsername: accessToken });
}
