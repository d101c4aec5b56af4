/** What Salesforce's own description of metadata says about elements: the types of `@salesforce/types`, read as a schema. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';
import type { XmlElement } from '../../src/schema/xml.js';

/** `part`: what a type takes from another comes before its own. */
type Property = { type: ts.TypeNode; optional: boolean; many: boolean; part: number };

const declarations = readDeclarations();

/** Unknown, missing, repeated, scattered or out-of-order elements, and values that are none of their type. */
export function structureFaults(element: XmlElement, type = element.name): string[] {
  const shape = shapeOf(type);
  if (!shape) throw new Error(`@salesforce/types has no type ${type}.`);
  const names = element.children.map(({ name }) => name);
  const part = (name: string): number => shape.get(name)?.part ?? 0;
  const canonical = names.toSorted((a, b) => part(a) - part(b) || (a < b ? -1 : a > b ? 1 : 0));
  const missing = [...shape].filter(([name, { optional, many }]) => !optional && !many && !names.includes(name));
  return [
    ...(names.join() === canonical.join() ? [] : [`${element.path}: elements stand in the order ${names.join(', ')}`]),
    ...missing.map(([name]) => `${element.path}: ${name} is missing`),
    ...element.children.flatMap((child, index) => {
      const property = shape.get(child.name);
      if (!property) return [`${child.path}: no such element`];
      const again = !property.many && names.indexOf(child.name) !== index;
      return again ? [`${child.path}: given twice`] : valueFaults(child, property.type);
    }),
  ];
}

function valueFaults(element: XmlElement, type: ts.TypeNode): string[] {
  const fault = (expected: string): string[] => [`${element.path}: "${element.text}" is not ${expected}`];
  if (type.kind === ts.SyntaxKind.AnyKeyword) return [];
  if (type.kind === ts.SyntaxKind.StringKeyword) return element.children.length === 0 ? [] : fault('text');
  if (type.kind === ts.SyntaxKind.BooleanKeyword) {
    return /^(true|false)$/.test(element.text) ? [] : fault('true or false');
  }
  if (type.kind === ts.SyntaxKind.NumberKeyword) {
    return /^-?\d+(\.\d+)?$/.test(element.text) ? [] : fault('a number');
  }
  const words = wordsOf(type.getText());
  if (!words) return structureFaults(element, type.getText());
  return words.includes(element.text) ? [] : fault(`one of ${words.join(', ')}`);
}

function wordsOf(name: string): string[] | undefined {
  const type = declarations.get(name);
  const members = type && ts.isUnionTypeNode(type) ? [...type.types] : type ? [type] : [];
  const words = members.flatMap((member) =>
    ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal) ? [member.literal.text] : [],
  );
  return members.length > 0 && words.length === members.length ? words : undefined;
}

function shapeOf(name: string): Map<string, Property> | undefined {
  const type = declarations.get(name);
  return type ? new Map(propertiesOf(type)) : undefined;
}

function propertiesOf(type: ts.TypeNode): [string, Property][] {
  if (ts.isIntersectionTypeNode(type)) {
    return type.types.flatMap((one, part) =>
      propertiesOf(one).map(([name, property]): [string, Property] => [name, { ...property, part }]),
    );
  }
  if (ts.isTypeReferenceNode(type)) return propertiesOf(declarations.get(type.getText()) ?? type);
  if (!ts.isTypeLiteralNode(type)) return [];
  return type.members.flatMap((member): [string, Property][] => {
    if (!ts.isPropertySignature(member) || !member.type) return [];
    const many = ts.isArrayTypeNode(member.type);
    const inner = ts.isArrayTypeNode(member.type) ? member.type.elementType : member.type;
    return [[member.name.getText(), { type: inner, optional: member.questionToken !== undefined, many, part: 0 }]];
  });
}

function readDeclarations(): Map<string, ts.TypeNode> {
  const file = createRequire(import.meta.url).resolve('@salesforce/types/metadata').replace(/\.js$/, '.d.ts');
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return new Map(
    source.statements.flatMap((statement) =>
      ts.isTypeAliasDeclaration(statement) ? [[statement.name.text, statement.type] as const] : [],
    ),
  );
}
