/**
 * What every verb of TwiML is read with: its attributes, what stands inside it, and how Twilio would refuse it.
 */

import type { Method } from "./webhook.ts";
import type { XmlElement } from "./xml.ts";

export class TwimlError extends Error {
  /** https://www.twilio.com/docs/api/errors */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const invalid = (what: string): TwimlError => new TwimlError(12200, what);

export function attributesOf<Name extends string>(
  element: XmlElement,
  allowed: readonly Name[],
): Partial<Record<Name, string>> {
  const known: readonly string[] = allowed;
  const given: Partial<Record<Name, string>> = {};
  for (const name of element.attributes.keys()) {
    if (!known.includes(name)) throw invalid(`<${element.name} ${name}>`);
  }
  for (const name of allowed) {
    const value = element.attributes.get(name);
    if (value !== undefined) given[name] = value;
  }
  return given;
}

export function elementsIn(element: XmlElement): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const child of element.children) {
    if (typeof child !== "string") elements.push(child);
    else if (child.trim() !== "") throw invalid(`text inside <${element.name}>`);
  }
  return elements;
}

export function textIn(element: XmlElement): string {
  let text = "";
  for (const child of element.children) {
    if (typeof child !== "string") throw invalid(`<${child.name}> inside <${element.name}>`);
    text += child;
  }
  return text.trim();
}

export function emptyOrThrow(element: XmlElement): void {
  const [child] = elementsIn(element);
  if (child !== undefined) throw invalid(`<${child.name}> inside <${element.name}>`);
}

export function methodFrom(value: string | undefined, where: string): Method {
  if (value === undefined || value === "POST") return "POST";
  if (value === "GET") return "GET";
  throw invalid(`${where} method="${value}"`);
}

export function booleanFrom(value: string | undefined, where: string): boolean {
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw invalid(`${where}="${value}"`);
}

export function integerFrom(value: string | undefined, absent: number, least: number, where: string): number {
  if (value === undefined) return absent;
  if (!/^\d{1,6}$/.test(value) || Number(value) < least) throw invalid(`${where}="${value}"`);
  return Number(value);
}
