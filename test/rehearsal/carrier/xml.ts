/**
 * A strict reader for the XML that TwiML is made of (https://www.w3.org/TR/xml/): elements, attributes, text, CDATA,
 * comments, the declaration, the five named entities and numeric ones. It refuses whatever is not well-formed, and
 * also document types and other processing instructions, which TwiML has no use for. It knows no TwiML.
 */

export type XmlElement = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: ReadonlyArray<XmlElement | string>;
};

export class XmlError extends Error {}

export const parseXml = (text: string): XmlElement => new Reader(text).document();

const NAME_START = /[A-Za-z_:]/;
const NAME = /[A-Za-z0-9_:.-]/;
const SPACE = " \t\r\n";
const ENTITIES = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["apos", "'"],
  ["quot", '"'],
]);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    for (const character of this.#text) {
      if (!isXmlCharacter(character.codePointAt(0) ?? 0)) throw new XmlError("a character that XML forbids");
    }
  }

  document(): XmlElement {
    if (this.#text.startsWith("<?xml")) this.#declaration();
    this.#betweenElements();
    if (!this.#looksAt("<")) throw this.#error("text before the root element");
    const root = this.#element();
    this.#betweenElements();
    if (this.#at < this.#text.length) throw this.#error("something after the root element");
    return root;
  }

  #declaration(): void {
    this.#expect("<?xml");
    const attributes = this.#attributes();
    this.#expect("?>");
    if (attributes.get("version") !== "1.0") throw this.#error("not XML 1.0");
    const encoding = attributes.get("encoding") ?? "UTF-8";
    if (encoding.toUpperCase() !== "UTF-8") throw this.#error(`the encoding ${encoding}`);
    for (const name of attributes.keys()) {
      if (!["version", "encoding", "standalone"].includes(name))
        throw this.#error(`${name} in the declaration`);
    }
  }

  #element(): XmlElement {
    this.#expect("<");
    const name = this.#name();
    const attributes = this.#attributes();
    if (this.#takes("/>")) return { name, attributes, children: [] };
    this.#expect(">");
    const children: Array<XmlElement | string> = [];
    let text = "";
    for (;;) {
      if (this.#at >= this.#text.length) throw this.#error(`<${name}> is not closed`);
      if (this.#looksAt("<![CDATA[")) {
        this.#expect("<![CDATA[");
        text += this.#until("]]>");
      } else if (this.#looksAt("<!--")) this.#comment();
      else if (this.#looksAt("</")) break;
      else if (this.#looksAt("<")) {
        if (text !== "") children.push(text);
        text = "";
        children.push(this.#element());
      } else text += this.#characterData();
    }
    if (text !== "") children.push(text);
    this.#expect("</");
    const closing = this.#name();
    if (closing !== name) throw this.#error(`</${closing}> where </${name}> was due`);
    this.#spaces();
    this.#expect(">");
    return { name, attributes, children };
  }

  #attributes(): Map<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      const spaced = this.#spaces();
      if (!NAME_START.test(this.#peek())) return attributes;
      if (!spaced) throw this.#error("attributes must be set apart by white space");
      const name = this.#name();
      this.#spaces();
      this.#expect("=");
      this.#spaces();
      const quote = this.#peek();
      if (quote !== '"' && quote !== "'") throw this.#error(`the value of ${name} is not quoted`);
      this.#at += 1;
      let value = "";
      while (this.#peek() !== quote) {
        if (this.#at >= this.#text.length) throw this.#error(`the value of ${name} has no end`);
        if (this.#looksAt("<")) throw this.#error(`a < in the value of ${name}`);
        // Attribute-value normalisation: https://www.w3.org/TR/xml/#AVNormalize
        if (SPACE.includes(this.#peek())) {
          value += " ";
          this.#at += 1;
        } else value += this.#character();
      }
      this.#at += 1;
      if (attributes.has(name)) throw this.#error(`${name} given twice`);
      attributes.set(name, value);
    }
  }

  #characterData(): string {
    if (this.#looksAt("]]>")) throw this.#error("]]> in text");
    if (this.#takes("\r\n") || this.#takes("\r")) return "\n";
    return this.#character();
  }

  /** One character, or what an entity stands for. */
  #character(): string {
    if (!this.#takes("&")) {
      const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
      this.#at += character.length;
      return character;
    }
    const end = this.#text.indexOf(";", this.#at);
    const entity = end === -1 ? "" : this.#text.slice(this.#at, end);
    const numeric = /^#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}))$/.exec(entity);
    this.#at = end + 1;
    if (numeric !== null) {
      const code = numeric[1] === undefined ? Number.parseInt(numeric[2] ?? "", 16) : Number(numeric[1]);
      if (!isXmlCharacter(code)) throw this.#error(`&${entity}; is no character of XML`);
      return String.fromCodePoint(code);
    }
    const known = ENTITIES.get(entity);
    if (known === undefined) throw this.#error("an & that begins no known entity");
    return known;
  }

  #betweenElements(): void {
    for (;;) {
      this.#spaces();
      if (!this.#looksAt("<!--")) break;
      this.#comment();
    }
    if (this.#looksAt("<!") || this.#looksAt("<?")) {
      throw this.#error("a document type or processing instruction");
    }
  }

  #comment(): void {
    this.#expect("<!--");
    // "--" may only end a comment.
    this.#until("--");
    this.#expect(">");
  }

  #until(end: string): string {
    const found = this.#text.indexOf(end, this.#at);
    if (found === -1) throw this.#error(`no ${end}`);
    const text = this.#text.slice(this.#at, found);
    this.#at = found + end.length;
    return text;
  }

  #name(): string {
    const from = this.#at;
    if (!NAME_START.test(this.#peek())) throw this.#error("a name was due");
    while (NAME.test(this.#peek())) this.#at += 1;
    return this.#text.slice(from, this.#at);
  }

  #spaces(): boolean {
    const from = this.#at;
    while (this.#at < this.#text.length && SPACE.includes(this.#peek())) this.#at += 1;
    return this.#at > from;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #looksAt(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #takes(text: string): boolean {
    if (!this.#looksAt(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#error(`${text} was due`);
  }

  #error(what: string): XmlError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new XmlError(`line ${line}: ${what}`);
  }
}

/** https://www.w3.org/TR/xml/#charsets */
function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
