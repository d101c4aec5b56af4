/** Whether metadata XML has the elements that Salesforce's own description of it allows, and values of their types. */
import { enums, shapes } from './shapes.js';
import type { XmlElement } from './xml.js';

/**
 * The first thing about an element that does not fit its type, in the words of a deploy; undefined where all fits.
 *
 * Source: the element names, order and enums are those of `@salesforce/types`; the words are Salesforce's own (ForceCLI
 *         pull request 457 for enums), those for elements [K].
 */
export function structureFault(element: XmlElement, type = element.name): string | undefined {
  const shape = shapes[type];
  if (shape === undefined) return valueFault(element, type);
  const names = element.children.map(({ name }) => name);
  for (const [index, child] of element.children.entries()) {
    const declared = shape[child.name];
    if (declared === undefined) return at(child.name, 'invalid', type);
    const before = names.lastIndexOf(child.name, index - 1);
    const again = index > 0 && before >= 0 && (!declared.endsWith('*') || before !== index - 1);
    if (again) return at(child.name, 'duplicated', type);
    const fault = structureFault(child, declared.replace(/[?*]$/, ''));
    if (fault !== undefined) return fault;
  }
  const missing = Object.entries(shape).find(([name, declared]) => needed.test(declared) && !names.includes(name));
  return missing && `Required field is missing: ${missing[0]}`;
}

const at = (name: string, fault: 'invalid' | 'duplicated', type: string): string =>
  `Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}${name} ${fault === 'invalid' ? 'invalid' : 'is duplicated'} at this location in type ${type}`;

/** A flag or number that is left out has its default, whatever the description says. */
const needed = /^(?!boolean$|number$|any$)\w+$/;

function valueFault({ text, children, name }: XmlElement, type: string): string | undefined {
  if (type === 'any') return undefined;
  const [child] = children;
  if (child !== undefined && enums[type] === undefined && name === 'targetConfigs') return undefined;
  if (child !== undefined) return at(child.name, 'invalid', type);
  switch (type) {
    case 'string':
      return undefined;
    case 'boolean':
      return /^(true|false|1|0)$/.test(text)
        ? undefined
        : `Error parsing file: '${text}' is not a valid value for the type xsd:boolean`;
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text)
        ? undefined
        : `Error parsing file: '${text}' is not a valid value for the type xsd:double`;
    default:
      return enums[type]?.split(' ').includes(text) === false
        ? `Error parsing file: '${text}' is not a valid value for the enum '${type}'`
        : undefined;
  }
}
