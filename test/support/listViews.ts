/** What a list view of the package shows: its filters asked of an org as a query. */
import { readFileSync } from 'node:fs';
import type { LocalClient } from '../../src/localorg/client.js';
import { parseXml } from '../../src/schema/xml.js';

const objects = new URL('../../force-app/main/default/objects', import.meta.url).pathname;

const operators: Readonly<Record<string, string>> = {
  equals: '=',
  notEqual: '!=',
  lessOrEqual: '<=',
  greaterThan: '>',
};

/** The names of the records that a list view without logic of its own shows. */
export async function listed(client: LocalClient, object: string, view: string): Promise<string[]> {
  const path = `${objects}/${object}/listViews/${view}.listView-meta.xml`;
  const filters = parseXml(readFileSync(path, 'utf8'), path, 'ListView').all('filters');
  const conditions = filters.map((filter) => {
    const operator = operators[filter.required('operation')];
    if (operator === undefined) throw new Error(`${path} asks with ${filter.required('operation')}.`);
    const value = filter.string('value');
    const asked = value === undefined ? 'null' : /^(TODAY|\d+)$/.test(value) ? value : `'${value}'`;
    return `${filter.required('field')} ${operator} ${asked}`;
  });
  const records = await client.query(`SELECT Name FROM ${object} WHERE ${conditions.join(' AND ')} ORDER BY Name`);
  return records.map((record) => String(record['Name']));
}
