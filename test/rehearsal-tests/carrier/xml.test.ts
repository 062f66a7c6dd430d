/** The XML reader: what is well-formed comes out whole, and what is not is refused. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseXml, XmlError } from "../../rehearsal/carrier/xml.ts";

test("elements, attributes, text, CDATA and comments are read", () => {
  const root = parseXml(
    `\uFEFF<?xml version="1.0" encoding="utf-8"?><!-- before -->
     <a one='1' two = "&lt;&#50;&#x32;&quot;"><b/>text &amp; <![CDATA[<raw> & ]]>more<!-- in --><c:d ></c:d></a>
     <!-- after -->`,
  );
  expect(root.name).toBe("a");
  expect([...root.attributes]).toEqual([
    ["one", "1"],
    ["two", '<22"'],
  ]);
  expect(root.children).toEqual([
    { name: "b", attributes: new Map(), children: [] },
    "text & <raw> & more",
    { name: "c:d", attributes: new Map(), children: [] },
  ]);
});

test.each([
  ["nothing", ""],
  ["text only", "hello"],
  ["a root that is not closed", "<a>"],
  ["elements that cross", "<a><b></a></b>"],
  ["a case that differs", "<a></A>"],
  ["two roots", "<a/><b/>"],
  ["text after the root", "<a/>x"],
  ["a bare ampersand", "<a>Tom & Jerry</a>"],
  ["an unknown entity", "<a>&nbsp;</a>"],
  ["an entity that is no character", "<a>&#0;</a>"],
  ["a surrogate as an entity", "<a>&#xD800;</a>"],
  ["an entity without end", "<a>&amp</a>"],
  ["an unquoted attribute", "<a b=c/>"],
  ["an attribute without value", "<a b/>"],
  ["an attribute given twice", `<a b="1" b="2"/>`],
  ["attributes that touch", `<a b="1"c="2"/>`],
  ["a < in an attribute", `<a b="<"/>`],
  ["an attribute without end", `<a b="1/>`],
  ["]]> in text", "<a>]]></a>"],
  ["CDATA without end", "<a><![CDATA[x</a>"],
  ["a comment without end", "<a><!-- x</a>"],
  ["two hyphens in a comment", "<a><!-- a -- b --></a>"],
  ["a document type", `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`],
  ["another processing instruction", `<?php echo 1 ?><a/>`],
  ["a declaration that is not first", ` <?xml version="1.0"?><a/>`],
  ["XML 1.1", `<?xml version="1.1"?><a/>`],
  ["another encoding", `<?xml version="1.0" encoding="latin1"?><a/>`],
  ["a control character", "<a>\u0007</a>"],
  ["a lone surrogate", "<a>\uD800</a>"],
])("%s is refused", (_, text) => {
  expect(() => parseXml(text)).toThrow(XmlError);
});

test("any text and any attribute value comes back as it was written", () => {
  const written = fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(text));
  const escaped = (text: string): string =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  fc.assert(
    fc.property(written, written, (value, text) => {
      const root = parseXml(`<a v="${escaped(value)}">${escaped(text)}</a>`);
      expect(root.attributes.get("v")).toBe(value);
      expect(root.children.join("")).toBe(text);
    }),
    { seed: 21, numRuns: 300 },
  );
});

test("damaged documents are read or refused, and nothing else happens", () => {
  const whole = `<?xml version="1.0"?><R><S v="1">a &amp; b</S><!-- c --><![CDATA[d]]></R>`;
  const damage = fc.record({
    at: fc.nat(whole.length),
    length: fc.nat(4),
    put: fc.string({ unit: fc.constantFrom("<", ">", "&", ";", "/", '"', "-", "]", "!", "?", " ", "x") }),
  });
  fc.assert(
    fc.property(damage, ({ at, length, put }) => {
      try {
        parseXml(whole.slice(0, at) + put + whole.slice(at + length));
      } catch (error) {
        expect(error).toBeInstanceOf(XmlError);
      }
    }),
    { seed: 22, numRuns: 2000 },
  );
});
